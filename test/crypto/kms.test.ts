// A master key that AWS KMS opens: one call a start, bound to this installation, refusals in words, moving there and back.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { AwsSettings } from "../../src/crypto/aws-kms.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { keyringOf, loadMasterKeys } from "../../src/crypto/master-key.ts";
import { rotateKeys } from "../../src/crypto/rotate-keys.ts";
import { checkKeyring, createEnvironment, ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { testDatabase } from "../helpers/database.ts";
import { ALIAS, KEY_ARN, type KmsWorld, SECRETS, startKms } from "./kms-world.ts";

const A = Buffer.alloc(32, 1);
const NAME = `awskms:///${ALIAS}?region=us-east-2`;

const settingsFor = ({ url }: { url: string }, changes: Partial<AwsSettings> = {}): AwsSettings => ({
  ...{ region: undefined, containerPath: undefined, containerUrl: undefined },
  ...{ containerToken: undefined, containerTokenFile: undefined, kmsUrl: url, sessionToken: undefined },
  ...SECRETS,
  ...changes,
});

const world = async (t: TestContext) => {
  const db = await testDatabase(t, { poolSize: 12 });
  const kms = await startKms(t);
  const load = (current: string, accepted: string[] = [], changes: Partial<AwsSettings> = {}) => {
    const aws = settingsFor(kms, changes);
    const masterKeys = { current, accepted, passphrase: undefined, passphraseFile: undefined, aws };
    return loadMasterKeys({ masterKeys, dataFolder: "/nowhere" }, db.pool);
  };
  return { db, kms, load };
};

const operationsOf = ({ calls }: KmsWorld): string[] => calls.map(({ operation }) => operation);

test("ten first starts agree on one key; from then on a start is one Decrypt; the context names the installation", async (t) => {
  const { db, kms, load } = await world(t);
  const first = await Promise.all(Array.from({ length: 10 }, () => load(NAME)));
  const ids = new Set(first.map(([key]) => key!.id));
  assert.equal(ids.size, 1);
  kms.calls.splice(0);
  const [again] = await load(NAME);
  assert.deepEqual([again!.id, again!.secret.length, again!.from], [...ids, 32, `AWS KMS ${NAME}`]);
  assert.deepEqual(operationsOf(kms), ["Decrypt"]);
  const [row] = await db.query("select name, wrapped_by, installation from syncline.kms_keys");
  assert.deepEqual([row!.name, row!.wrapped_by], [NAME, KEY_ARN]);
  const { KeyId, EncryptionContext } = kms.calls[0]!.input;
  assert.deepEqual([KeyId, EncryptionContext], [ALIAS, { app: "syncline", installation: row!.installation }]);
  // Another version is another key of the same installation; an ARN has its region in it.
  const [next] = await load(`${NAME}&version=2`);
  const [byArn] = await load(`awskms:///${KEY_ARN}`);
  assert.equal(new Set([again!.id, next!.id, byArn!.id]).size, 3);
  assert.equal((await db.query("select distinct installation from syncline.kms_keys")).length, 1);
  assert.ok(
    first.flat().every(({ secret }) => !kms.calls.some(({ body }) => body.includes(secret.toString("base64")))),
  );
});

test("from a raw key to KMS, to its next version, and back is the same rotation, without a call for a data key", async (t) => {
  const { db, kms, load } = await world(t);
  const raw = A.toString("base64");
  const made = createKeyring({ masterKey: A });
  await ensureEnvironments({ db: db.pool, keyring: made })({ dev: undefined, prod: undefined });
  for (let i = 0; i < 20; i++) await createEnvironment({ db: db.pool, keyring: made }, `e${i}`);
  const move = async (current: string, accepted: string): Promise<void> => {
    const keyring = keyringOf(await load(current, [accepted]));
    const { rotated, left } = await rotateKeys({ pool: db.pool, keyring, onProgress: () => {} });
    assert.deepEqual([rotated, left], [22, []]);
    await checkKeyring({ db: db.pool, keyring: keyringOf(await load(current)) });
  };
  await move(NAME, raw);
  assert.deepEqual(operationsOf(kms), ["GenerateDataKey", "Decrypt", "Decrypt"]);
  await move(`${NAME}&version=2`, NAME);
  await move(raw, `${NAME}&version=2`);
});

const refusal = (__type: string, message = "") => ({ status: 400, body: { __type, message } });
const THROTTLED = refusal("ThrottlingException", "You have exceeded the rate at which you may call KMS.");

test("throttling and faults that pass are waited for; what stays is said with what to do, and not tried again", async (t) => {
  const { db, kms, load } = await world(t);
  const [key] = await load(NAME);
  kms.refuseNext(THROTTLED, { status: 500, body: { __type: "KMSInternalException" } }, THROTTLED);
  kms.calls.splice(0);
  assert.equal((await load(NAME))[0]!.id, key!.id);
  assert.equal(kms.calls.length, 4);
  const refuses = async (message: RegExp, work: () => Promise<unknown> = () => load(NAME)) => {
    kms.calls.splice(0);
    await assert.rejects(work(), (error: Error & { code: string }) => {
      assert.equal(error.code, "invalid_settings");
      assert.match(error.message, message);
      for (const secret of [key!.secret.toString("base64"), ...Object.values(SECRETS)])
        assert.ok(!error.message.includes(secret!), error.message);
      return true;
    });
    assert.ok(kms.calls.length <= 1, String(kms.calls.length));
  };
  kms.refuseNext(refusal("AccessDeniedException", "User: arn:aws:iam::111122223333:user/x is not authorized"));
  await refuses(/Decrypt with awskms:.+AccessDeniedException\. User: arn.+needs kms:GenerateDataKey and kms:Decrypt/);
  kms.refuseNext(refusal("com.amazonaws.kms#DisabledException", `${KEY_ARN} is disabled.`));
  await refuses(/DisabledException\. arn.+ is disabled\. Enable the key/);
  kms.refuseNext(refusal("KMSInvalidStateException", `${KEY_ARN} is pending deletion.`));
  await refuses(/KMSInvalidStateException/);
  kms.refuseNext({ status: 200, body: { KeyId: KEY_ARN } });
  await refuses(/status 200/);
  await refuses(/InvalidSignatureException/, () => load(NAME, [], { secretAccessKey: "wrong" }));
  await refuses(/NotFoundException.+region/, () => load("awskms:///alias/none?region=us-east-2"));
  await refuses(/names no region/, () => load(`awskms:///${ALIAS}`));
  await refuses(/names no key/, () => load("awskms://?region=us-east-2"));
  await refuses(/needs credentials: AWS_ACCESS_KEY_ID/, () => load(NAME, [], { accessKeyId: undefined }));
  // Of another installation, as after its row was copied into this database.
  await db.query("update syncline.kms_keys set installation = gen_random_uuid()");
  await refuses(/InvalidCiphertextException\. It was wrapped for another installation/);
});

test("an answer with a key of another length, or of none, is no key", async (t) => {
  const { db, kms, load } = await world(t);
  for (const Plaintext of ["", randomBytes(16).toString("base64")]) {
    kms.refuseNext({ status: 200, body: { Plaintext, CiphertextBlob: "AAAA", KeyId: KEY_ARN } });
    await assert.rejects(load(NAME), { code: "invalid_settings", message: /no key of 32 bytes/ });
  }
  assert.deepEqual(await db.query("select name from syncline.kms_keys"), []);
  await load(NAME);
  kms.refuseNext({ status: 200, body: { Plaintext: "", KeyId: KEY_ARN } });
  await assert.rejects(load(NAME), { code: "invalid_settings", message: /no key of 32 bytes/ });
});

test("an alias that leads elsewhere is refused with advice; a new name with it works", async (t) => {
  const { kms, load } = await world(t);
  const [before] = await load(NAME);
  kms.moveAlias();
  await assert.rejects(load(NAME), { code: "invalid_settings", message: /IncorrectKeyException.+name that key's ARN/ });
  const [after] = await load(`${NAME}&version=2`);
  assert.notEqual(after!.id, before!.id);
});

test("a container's endpoint gives the credentials where variables do not", async (t) => {
  const { load } = await world(t);
  const server = createServer((request, response) => {
    if (request.headers.authorization !== "a container token") return void response.writeHead(403).end();
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = SECRETS;
    response.end(JSON.stringify({ AccessKeyId, SecretAccessKey, Token, Expiration: "2030-01-01T00:00:00Z" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const containerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`;
  const none = { accessKeyId: undefined, secretAccessKey: undefined, sessionToken: undefined, containerUrl };
  const [key] = await load(NAME, [], { ...none, containerToken: "a container token" });
  assert.equal(key!.secret.length, 32);
  await assert.rejects(load(NAME, [], none), { message: /endpoint for AWS credentials answers with status 403/ });
});
