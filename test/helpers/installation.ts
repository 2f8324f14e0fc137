// What an installation needs before a sync can run, made in any database: an integration `acme`, functions given as texts,
// connections with credentials.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { BundledProvider } from "../../src/bundled-provider/server.ts";
import type { Keyring } from "../../src/crypto/keyring.ts";
import { credentialsPlace } from "../../src/crypto/places.ts";
import { sealJson } from "../../src/crypto/seal.ts";
import { importConnection, setCredentials } from "../../src/db/connections.ts";
import { deployFunctions, welcomeConnection } from "../../src/db/functions.ts";
import { createIntegration } from "../../src/db/integrations.ts";
import type { Pool } from "../../src/db/pool.ts";
import { compileFolder } from "./compile.ts";

export type Installation = {
  /** Deploy functions given as texts by path, such as `acme/syncs/contacts.ts`; they replace all others. */
  deploy: (files: { [file: string]: string }) => Promise<void>;
  /** Make a connection of integration `acme`; its id in the table. */
  connect: (name: string) => Promise<number>;
};

const compileAnew = async (files: { [file: string]: string }) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "syncline-functions-"));
  try {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    }
    const { functions, problems } = await compileFolder(folder);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return functions;
  } finally {
    await rm(folder, { recursive: true });
  }
};

const compiled = new Map<string, ReturnType<typeof compileAnew>>();

/** The functions of some files, compiled once in a process: it takes half a second of a core. Throws with all problems. */
export const compileTexts = (files: { [file: string]: string }): ReturnType<typeof compileAnew> => {
  const key = JSON.stringify(files);
  const made = compiled.get(key) ?? compileAnew(files);
  compiled.set(key, made);
  return made;
};

/** Make integration `acme`, whose connections talk to `provider`. */
export const installAcme = async (deps: {
  pool: Pool;
  keyring: Keyring;
  environment: number;
  provider: BundledProvider;
}): Promise<Installation> => {
  const { pool, keyring, environment, provider } = deps;
  const shared = { displayName: "Acme", forwardWebhooks: true, credentialsSealed: null, custom: {} };
  await createIntegration(pool, { environment, uniqueKey: "acme", provider: "acme", ...shared });

  const connect = async (name: string): Promise<number> => {
    const key = keyring.createDataKey();
    const { id, is_new, ...kept } = await importConnection(pool, {
      environment,
      integration: "acme",
      connection: name,
      authMode: "API_KEY",
      connectionConfig: { baseUrl: provider.url },
      metadata: {},
      tags: {},
      generatedTags: {},
      endUser: null,
      webhookUrlOverride: null,
      wrapped: key.wrapped,
      masterKeyId: key.master_key_id,
    });
    const place = credentialsPlace(environment, "acme", name);
    const credentials = { type: "API_KEY", apiKey: provider.credentials.apiKey };
    await setCredentials(pool, {
      connection: id,
      sealed: sealJson(keyring.open(kept), credentials, place),
      expireAt: null,
    });
    await welcomeConnection(pool, { connection: id, isNew: is_new });
    return id;
  };

  const deploy = async (files: { [file: string]: string }): Promise<void> => {
    const functions = await compileTexts(files);
    await deployFunctions(pool, { environment, functions, mode: "all" });
  };

  return { deploy, connect };
};
