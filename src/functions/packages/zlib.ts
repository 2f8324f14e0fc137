// `zlib` for packages in a function, in plain JavaScript: streams, the Sync functions and those with a callback.
import type { Transform as NodeTransform, TransformOptions } from "node:stream";
import * as fflate from "fflate";
// @ts-expect-error: it brings no types; it is Node's Transform
import { Transform as PlainTransform } from "readable-stream";
import { replacement as process } from "./process.ts";

const { Buffer } = globalThis;

const Transform: new (options: TransformOptions) => NodeTransform = PlainTransform;

type Bytes = Uint8Array<ArrayBuffer>;
type Done = (error: Error | null, result?: Uint8Array) => void;
type Codec = { push: (chunk: Bytes, isLast: boolean) => void };
type Start = (options: object, onData: (data: Uint8Array) => void) => Codec;

// biome-ignore lint/suspicious/noExplicitAny: fflate's classes differ in their options only
type Any = any;

const toBuffer = (data: Uint8Array): Buffer =>
  Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

const streaming =
  (start: Start) =>
  (options: object = {}): NodeTransform => {
    const attempt = (work: () => void, done: Done): void => {
      try {
        work();
        done(null);
      } catch (error) {
        done(Object.assign(error as Error, { code: "Z_DATA_ERROR", errno: -3 }));
      }
    };
    const stream = new Transform({
      transform: (chunk: Bytes, _encoding: string, done: Done) => attempt(() => codec.push(chunk, false), done),
      flush: (done: Done) => attempt(() => codec.push(new Uint8Array(0), true), done),
    });
    const codec = start(options, (data) => void (data.length > 0 && stream.push(toBuffer(data))));
    return stream;
  };

const encoding =
  (Made: Any): Start =>
  (options, onData) =>
    new Made(options, onData);
const decoding =
  (Made: Any): Start =>
  (_options, onData) =>
    new Made(onData); // these take no options

const inOneGo =
  (work: (data: Bytes, options?: object) => Uint8Array) =>
  (data: Bytes | string, options?: object): Buffer =>
    toBuffer(work((typeof data === "string" ? Buffer.from(data) : data) as Bytes, options));

const later =
  (work: (data: Bytes | string, options?: object) => Buffer) =>
  (data: Bytes | string, ...rest: unknown[]): void => {
    const done = rest.pop() as Done;
    process.nextTick(() => {
      let result: Buffer;
      try {
        result = work(data, rest[0] as object | undefined);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, result);
    });
  };

const createInflateRaw = streaming(decoding(fflate.Inflate));
const createInflate = streaming(decoding(fflate.Unzlib));
const createGunzip = streaming(decoding(fflate.Gunzip));
const createUnzip = streaming(decoding(fflate.Decompress));
const createDeflateRaw = streaming(encoding(fflate.Deflate));
const createDeflate = streaming(encoding(fflate.Zlib));
const createGzip = streaming(encoding(fflate.Gzip));

const inflateRawSync = inOneGo((data) => fflate.inflateSync(data));
const inflateSync = inOneGo((data) => fflate.unzlibSync(data));
const gunzipSync = inOneGo((data) => fflate.gunzipSync(data));
const unzipSync = inOneGo((data) => fflate.decompressSync(data));
const deflateRawSync = inOneGo(fflate.deflateSync as Any);
const deflateSync = inOneGo(fflate.zlibSync as Any);
const gzipSync = inOneGo(fflate.gzipSync as Any);

const inflateRaw = later(inflateRawSync);
const inflate = later(inflateSync);
const gunzip = later(gunzipSync);
const unzip = later(unzipSync);
const deflateRaw = later(deflateRawSync);
const deflate = later(deflateSync);
const gzip = later(gzipSync);

const constants = {
  Z_NO_FLUSH: 0,
  Z_SYNC_FLUSH: 2,
  Z_FINISH: 4,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_DEFAULT_COMPRESSION: -1,
};

export const replacement = {
  createInflateRaw,
  createInflate,
  createGunzip,
  createUnzip,
  createDeflateRaw,
  createDeflate,
  createGzip,
  inflateRawSync,
  inflateSync,
  gunzipSync,
  unzipSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  inflateRaw,
  inflate,
  gunzip,
  unzip,
  deflateRaw,
  deflate,
  gzip,
  constants,
};
