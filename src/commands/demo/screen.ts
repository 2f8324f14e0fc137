// What the demo prints: titled steps, and a table of lines that a terminal redraws in place.
import { styleText } from "node:util";

export type Screen = ReturnType<typeof createScreen>;

const UP = "\x1b[A";
const CLEAR_LINE = "\r\x1b[2K";

/** Writes to `output`; redraws and colours only on a terminal, and no colours where NO_COLOR is set. */
export const createScreen = (output: NodeJS.WriteStream) => {
  const style = (name: Parameters<typeof styleText>[0], text: string): string =>
    styleText(name, text, { stream: output });
  const line = (text = ""): void => {
    output.write(`${text}\n`);
  };
  let steps = 0;

  return {
    line,
    style,
    isLive: output.isTTY,
    /** The title of the next step, and in one sentence why it matters. */
    step: (title: string, why: string): void => {
      steps += 1;
      line();
      line(style("bold", `${steps}. ${title}`));
      line(style("gray", `   ${why}`));
    },
    fact: (text: string): void => line(`   ${text}`),
    /** A block of lines that can be drawn again over itself; on a terminal only. */
    liveBlock: () => {
      let height = 0;
      return (lines: string[]): void => {
        output.write(UP.repeat(height) + lines.map((text) => `${CLEAR_LINE}   ${text}\n`).join(""));
        height = lines.length;
      };
    },
  };
};

/** 12345 as "12,345". */
export const grouped = (count: number): string => count.toLocaleString("en-US");

/** Milliseconds as "0.4 s". */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
