// Records of about 1 KB of JSON, different in every field that a hash or a key could profit from.
import { createHash } from "node:crypto";

const text = (seed: string): string => createHash("sha512").update(seed).digest("base64");

/** The `n`-th record; another `version` makes other content. */
export const makeRow = (n: number, version = 0) => ({
  id: `item-${n}`,
  name: `Item number ${n}`,
  version,
  email: `person.${n}@example.com`,
  created_at: new Date(1_700_000_000_000 + n * 1000).toISOString(),
  address: { street: `${n} High Street`, city: "Springfield", country: "US", geo: { lat: n / 1000, lon: -n / 1000 } },
  tags: ["alpha", "beta", `tag-${n % 100}`],
  amount: n * 1.25,
  is_active: n % 3 !== 0,
  notes: [0, 1, 2, 3, 4, 5, 6].map((part) => text(`${n}/${version}/${part}`)).join(" "),
});

/** `count` records in batches of `size`, starting with the `from`-th. */
export function* batches(count: number, { size = 1000, from = 0, version = 0 } = {}) {
  for (let at = from; at < from + count; at += size) {
    yield Array.from({ length: Math.min(size, from + count - at) }, (_, i) => makeRow(at + i, version));
  }
}
