# The stand-in Apiary. Laid out like the real image: /app, storage owned by uid 33, called with `php artisan`.
ARG BASE
FROM ${BASE}
ENV LANG=C.UTF-8 PYTHONPATH=/opt/apiary:/opt/wheels PYTHONUNBUFFERED=1
COPY harness /opt/apiary/harness/
COPY php /usr/local/bin/php
RUN python3 -m compileall -q /opt/apiary \
    && chmod 0755 /usr/local/bin/php \
    && mkdir -p /app/bootstrap/cache /app/storage/app /app/storage/framework \
    && touch /app/artisan \
    && chown -R 33:33 /app
WORKDIR /app
USER 33:33
EXPOSE 8000
CMD ["php", "artisan", "serve", "--host=0.0.0.0"]
