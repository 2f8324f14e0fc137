// Another process that has opened a connection's data key: it tries to open one text again and again, and says how it went.
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { open } from "../../src/crypto/seal.ts";
import { createPool } from "../../src/db/pool.ts";

const given = JSON.parse(process.argv[2]!) as {
  url: string;
  masterKey: string;
  connection: number;
  sealed: string;
  place: string;
  rememberedMs: number;
};
const pool = createPool({ url: given.url, max: 1, applicationName: "syncline test child" });
const keyring = createKeyring({ masterKey: Buffer.from(given.masterKey, "base64") });
const keys = createDataKeys({ db: pool, keyring, rememberedMs: given.rememberedMs });

const say = (outcome: string): void => void process.stdout.write(`${JSON.stringify({ outcome, at: Date.now() })}\n`);

for (;;) {
  try {
    open(await keys.ofConnection(given.connection), Buffer.from(given.sealed, "base64"), given.place);
    say("opened");
  } catch (error) {
    say((error as { code: string }).code);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await pool.end();
