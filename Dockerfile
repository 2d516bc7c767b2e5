# The service as an image: docker build -t writeback .   It expects a PostgreSQL in DATABASE_URL, or a volume at /data.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm install --ignore-scripts --no-audit --no-fund
COPY . .
# The image's own Node.js comes first on the path: the npm package of that name was not unpacked (no scripts are run).
RUN PATH="$PATH:/build/node_modules/.bin" \
  && asc --config kernel/asconfig.json \
  && node build.ts \
  && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production WRITEBACK_DATA=/data WRITEBACK_HOST=0.0.0.0 XDG_CACHE_HOME=/tmp
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
RUN ln -s /app/dist/main.js /usr/local/bin/writeback && install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 8080
# Node itself asks: the image has neither curl nor wget.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => { process.exitCode = answer.ok ? 0 : 1 }, () => { process.exitCode = 1 })"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["start"]
