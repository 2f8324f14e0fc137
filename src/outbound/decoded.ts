// An answer's body unpacked while it passes.

import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import zlib from "node:zlib";

// Servers disagree whether deflate has a zlib header: 0x78 as the first byte means that it has.
const inflate = async (body: Readable): Promise<Duplex> => {
  if (body.readableLength === 0 && !body.readableEnded) await once(body, "readable");
  const start = body.read() as Buffer | null;
  if (start === null) return zlib.createInflate();
  body.unshift(start);
  return start[0] === 0x78 ? zlib.createInflate() : zlib.createInflateRaw();
};

const DECODERS: Record<string, (body: Readable) => Duplex | Promise<Duplex>> = {
  gzip: () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
  deflate: inflate,
};

/** What unpacks a body of this `content-encoding`; undefined where it is packed in a way that is not known here, or not at all. */
export const decoderOf = async (encoding: string | undefined, body: Readable): Promise<Duplex | undefined> =>
  DECODERS[encoding?.trim().toLowerCase() ?? ""]?.(body);
