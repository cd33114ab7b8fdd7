# Railhead with the boot programs of Debian's ipxe package.
ARG NODE_IMAGE=node:20.20.2-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# better-sqlite3 is built from source if its prebuilt binary cannot be downloaded.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ipxe libcap2-bin \
 && rm -rf /var/lib/apt/lists/* \
 # The service does not run as root, so node itself has the two capabilities; the container must have them too.
 && setcap cap_net_bind_service,cap_net_raw+ep "$(command -v node)" \
 && useradd --system --uid 4011 --home-dir /nonexistent railhead \
 && install -d -o railhead /var/lib/railhead /var/lib/railhead/assets
WORKDIR /opt/railhead
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY --from=build /src/bin ./bin
COPY --from=build /src/package.json ./
USER railhead
ENV NODE_ENV=production
VOLUME ["/var/lib/railhead"]
WORKDIR /etc/railhead
HEALTHCHECK --interval=30s --timeout=5s CMD ["node", "-e", "fetch('http://127.0.0.1:8081/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/railhead/bin/railhead.js"]
CMD ["serve", "--store", "/var/lib/railhead/railhead.db"]
