# One image for every role; the container's argument is the role:
#   docker run payment-gateway intake      (none: every role in one process)
#
# Two versions of Node, on purpose. better-sqlite3 12 that is compiled against the headers of Node 24.19 or newer aborts when
# it collects garbage (https://github.com/nodejs/node/issues/65446), so it is compiled against those of 24.18.1. It runs on
# any Node 24, since all have one ABI (137), and so the last stage takes each of its security releases.

FROM node:24.18.1-bookworm AS build
WORKDIR /app
# with the headers of this Node, and not a binary that somebody else has compiled with others
ENV npm_config_build_from_source=true npm_config_nodedir=/usr/local NEXT_TELEMETRY_DISABLED=1
COPY package.json package-lock.json ./
COPY web/package.json web/
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY tsconfig.json LICENSE ./
COPY scripts scripts
COPY src src
COPY web web
RUN npm run build && npm run --silent sbom
# What runs: the bundles, the panel, and the one package that is no JavaScript.
RUN mkdir -p /runtime/node_modules/better-sqlite3/build/Release /runtime/dist /data \
 && cp package.json LICENSE /runtime/ \
 && cp -R dist/main.js dist/main.js.map dist/chunks dist/cli.js dist/panel dist/sbom.cdx.json /runtime/dist/ \
 && cp -R node_modules/bindings node_modules/file-uri-to-path /runtime/node_modules/ \
 && cd node_modules/better-sqlite3 \
 && cp -R package.json LICENSE lib /runtime/node_modules/better-sqlite3/ \
 && cp build/Release/better_sqlite3.node /runtime/node_modules/better-sqlite3/build/Release/ \
 && cd /runtime && node -e "new (require('better-sqlite3'))(':memory:').close()"

FROM node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="payment-gateway" \
      org.opencontainers.image.description="A self-hosted card-payment gateway; the argument is the role" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data LOG_FORMAT=json
WORKDIR /app
COPY --from=build /runtime ./
# Of the embedded profile: -v NAME:/data keeps it, and a volume that is new takes this owner. No VOLUME: each container of
# the other roles would get one of its own.
COPY --from=build --chown=1000:1000 /data /data
# by number, so that Kubernetes sees that it is not root
USER 1000:1000
EXPOSE 8080 9464
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MANAGEMENT_PORT || 9464}/livez`).then((_) => process.exit(_.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=64", "--enable-source-maps", "/app/dist/main.js"]
CMD ["all"]
