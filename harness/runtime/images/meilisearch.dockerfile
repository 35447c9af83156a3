# The embedded Meilisearch. Laid out like the real image: /meili_data, port 7700, options from MEILI_ variables.
ARG BASE
FROM ${BASE}
ENV LANG=C.UTF-8 PYTHONPATH=/opt/apiary:/opt/wheels PYTHONUNBUFFERED=1 MEILI_HTTP_ADDR=0.0.0.0:7700 MEILI_NO_ANALYTICS=true
COPY harness /opt/apiary/harness/
COPY meilisearch /bin/meilisearch
RUN python3 -m compileall -q /opt/apiary \
    && chmod 0755 /bin/meilisearch \
    && mkdir -p /meili_data \
    && chown 33:33 /meili_data
WORKDIR /meili_data
USER 33:33
EXPOSE 7700
CMD ["/bin/meilisearch"]
