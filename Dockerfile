# docker build -t mynah . && docker run -p 8765:8765 -v mynah-state:/state mynah
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 mynah \
    && install --directory --owner=mynah --group=mynah /state
WORKDIR /app

COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY bot bot
COPY eval_harness eval_harness
COPY kd_training kd_training
COPY adapters adapters
COPY demo demo
RUN pip install --no-cache-dir --constraint constraints.txt setuptools \
    && pip install --no-cache-dir --no-build-isolation --constraint constraints.txt --editable .

USER mynah
ENV MYNAH_STATE_DIR=/state MYNAH_WEB_HOST=0.0.0.0
VOLUME /state
EXPOSE 8765
HEALTHCHECK --start-period=30s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
CMD ["mynah", "serve", "--web"]
