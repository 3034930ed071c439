# The image `starling`: the program built to JavaScript, its dependencies, and who it runs as. compose/README.md says how it is used.
# `--target tools` is the same with curl and openssl, for the documents' commands and the meshes' certificates.

FROM node:24-bookworm-slim AS build
WORKDIR /starling
COPY package.json package-lock.json ./
# The compiler comes as an optional package of its platform, so here nothing is left out.
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY test/support/tsconfig.build.json test/support/write-descriptors.ts test/support/bundle.ts test/support/
COPY src src
COPY workers workers
COPY compose compose
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /starling
COPY package.json package-lock.json ./
# The base image carries Node 24: the optional packages that bring one are left out.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim AS starling
# Name and number of the user are those of Envoy's image. What it owns, a named volume that is mounted there belongs to it, too.
RUN groupadd --gid 101 envoy && useradd --uid 101 --gid 101 --no-create-home --shell /usr/sbin/nologin envoy \
 && install -d /etc/envoy && install -d -o envoy -g envoy -m 0750 /certs /var/log/envoy && install -d -o envoy -g envoy /var/cache/starling
WORKDIR /starling
COPY --from=dependencies /starling/node_modules node_modules
COPY package.json LICENSE ./
COPY config config
COPY compose/image/docker-entrypoint.sh compose/image/healthcheck.sh /
COPY --from=build /starling/dist dist
RUN chmod 755 /docker-entrypoint.sh /healthcheck.sh dist/src/starling.mjs \
 && ln -s /starling/dist/src/starling.mjs /usr/local/bin/starling && ln -s starling /usr/local/bin/envoy
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/starling
COPY compose/image/warm-up.sh /tmp/
RUN setpriv --reuid 101 --regid 101 --clear-groups sh /tmp/warm-up.sh && rm /tmp/warm-up.sh
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/healthcheck.sh"]
EXPOSE 10000
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["envoy", "-c", "/etc/envoy/envoy.yaml"]

FROM starling AS tools
RUN apt-get update && apt-get install -y --no-install-recommends curl openssl && rm -rf /var/lib/apt/lists/*

FROM starling
