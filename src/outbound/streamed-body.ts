// A request body that is passed on while it arrives. Its start is kept, so that an ordinary one can be sent again after a
// failed attempt or to where a redirect leads; a larger one goes by once, and no more of it is held than is on its way.
import { Readable } from "node:stream";
import { AppError } from "../errors.ts";

// An ordinary JSON body is some KB. Of 200 requests at once this is 200 MB at the worst.
const MOST_KEPT_BYTES = 1024 * 1024;
const MOST_WHOLE_BYTES = 10 * 1024 * 1024;

export type StreamedBody = {
  /** Its size in bytes, where it is known beforehand. */
  length: number | undefined;
  /** False once more went by than is kept. */
  canOpen: () => boolean;
  /** The body from its start; what was opened before breaks off. */
  open: () => Readable;
  /** All of it, for those who have to know it before they send it; `request_too_large` beyond 10 MB. */
  whole: () => Promise<Buffer>;
  /** Read the rest and forget it. Never rejects. */
  drain: () => Promise<void>;
};

/** The bytes of `source`, which nobody else may read. */
export const createStreamedBody = (source: Readable, length: number | undefined): StreamedBody => {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let kept: Buffer[] = [];
  let size = 0;
  let hasEnded = false;
  let failure: { error: unknown } | undefined;
  let arriving: Promise<void> | undefined;
  let reader = 0;
  let position = 0;

  const take = async (): Promise<void> => {
    try {
      const { done, value } = await chunks.next();
      if (done) hasEnded = true;
      else size += kept.push(value) && value.length;
    } catch (error) {
      failure = { error };
    }
    arriving = undefined;
  };

  // A reader that was left while it waited has asked for what the next one waits for.
  const arrive = (): Promise<void> => {
    arriving ??= take();
    return arriving;
  };

  const canOpen = () => size <= MOST_KEPT_BYTES;

  const next = async (mine: number): Promise<Buffer | null> => {
    while (mine === reader && position === kept.length && !hasEnded && failure === undefined) await arrive();
    if (mine !== reader) throw new Error("the body is read by another attempt");
    const chunk = kept[position];
    if (chunk === undefined) {
      if (failure !== undefined) throw failure.error;
      return null;
    }
    position += 1;
    if (!canOpen()) {
      kept = kept.slice(position);
      position = 0;
    }
    return chunk;
  };

  const open = (): Readable => {
    if (!canOpen()) throw new AppError("server_error", "The start of this body is gone.");
    reader += 1;
    position = 0;
    const mine = reader;
    return new Readable({
      read() {
        next(mine).then(
          (chunk) => this.push(chunk),
          (error) => this.destroy(error),
        );
      },
    });
  };

  return {
    length,
    canOpen,
    open,
    whole: async () => {
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of open() as AsyncIterable<Buffer>) {
        bytes += parts.push(part) && part.length;
        if (bytes > MOST_WHOLE_BYTES)
          throw new AppError("request_too_large", `A body that is signed may have ${MOST_WHOLE_BYTES} bytes.`);
      }
      return Buffer.concat(parts, bytes);
    },
    drain: async () => {
      reader += 1;
      kept = [];
      position = 0;
      while (!hasEnded && failure === undefined) {
        await arrive();
        kept = [];
      }
    },
  };
};
