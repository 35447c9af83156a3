# Wheels alone, compiled: everything above them is the package, which changes more often.
ARG BASE
FROM ${BASE}
COPY site /opt/wheels/
RUN python3 -m compileall -q /opt/wheels
