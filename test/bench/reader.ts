// A client in a process of its own, so that its work is not counted as ours: on "read" over IPC it pages through all
// records of a stream, counts them without parsing, and answers with the count and the milliseconds it took.
import http from "node:http";

const [url = "", key = "", connection = ""] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const headers = { authorization: `Bearer ${key}`, "connection-id": connection, "provider-config-key": "bench" };
const MARK = Buffer.from('"_nango_metadata":');

const fetchPage = (route: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    http
      .get(url + route, { headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks)));
      })
      .on("error", reject);
  });

const count = (page: Buffer): number => {
  let found = 0;
  for (let at = page.indexOf(MARK); at !== -1; at = page.indexOf(MARK, at + MARK.length)) found += 1;
  return found;
};

const readAll = async (): Promise<number> => {
  let cursor: string | undefined;
  let records = 0;
  do {
    const query = new URLSearchParams({ model: "Item", limit: "1000", ...(cursor === undefined ? {} : { cursor }) });
    const page = await fetchPage(`/records?${query}`);
    records += count(page);
    cursor = /"next_cursor":"([^"]+)"\}$/.exec(page.subarray(-100).toString())?.[1];
  } while (cursor !== undefined);
  return records;
};

process.on("message", async () => {
  const startedAt = performance.now();
  const records = await readAll();
  process.send?.({ records, ms: performance.now() - startedAt });
});
