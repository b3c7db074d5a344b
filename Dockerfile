# One image for every process of docker-compose.yml. No secret is in it: all come by the environment.
FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt requirements-dev.txt ./
RUN python -m venv /venv \
    && awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements-dev.txt > /tmp/uv.txt \
    && pip install --no-cache-dir --require-hashes -r /tmp/uv.txt \
    && VIRTUAL_ENV=/venv uv pip sync --no-cache --require-hashes --compile-bytecode requirements.txt
COPY . .
COPY --from=assets /build/node_modules node_modules
RUN /venv/bin/python -m autogrid_project.services.assets --copy-only && rm -rf node_modules

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data autogrid && install -d -o autogrid -m 700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 AUTOGRID_HOME=/data \
    DJANGO_SETTINGS_MODULE=autogrid_project.settings.production
WORKDIR /app
USER autogrid
VOLUME /data
EXPOSE 8000
CMD ["daphne", "-v", "0", "-b", "0.0.0.0", "-p", "8000", "autogrid_project.asgi:application"]
