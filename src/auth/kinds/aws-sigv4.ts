// AWS_SIGV4: the keys of a role in the customer's AWS account, which trusts ours: AssumeRole of AWS's Security Token Service,
// signed with the integration's own keys, or asked of a service of the app's that stands in for it.
import { AppError, type Json } from "../../errors.ts";
import { awsHeaders } from "../../outbound/aws-sigv4.ts";
import type { Credentials } from "../../providers/credentials.ts";
import { readPath } from "../../providers/template.ts";
import type { Obtain, ObtainContext } from "../obtain.ts";
import { fieldsOf, refusedBy, timeOf } from "./answer.ts";
import { type Answer, ask, formOf } from "./ask.ts";
import { refusal } from "./refusal.ts";
import { readXml } from "./xml.ts";

type Role = Extract<Credentials, { type: "AWS_SIGV4" }>;
type Keys = Required<Pick<Role, "access_key_id" | "secret_access_key">> & Pick<Role, "session_token" | "expires_at">;

const LIFE_SECONDS = 3600;
const SESSION = "syncline";
const DEFAULT_REGION = "us-east-1";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** What was set up with the integration, sealed or not. */
const setting = ({ client, integrationConfig }: ObtainContext, name: string): string | undefined =>
  text(client[name]) ?? text(integrationConfig[name]);

const mustHave = (context: ObtainContext, name: string): string => {
  const value = setting(context, name);
  if (value !== undefined) return value;
  throw new AppError("invalid_credentials", `The integration of ${context.provider.display_name} has no ${name}.`);
};

const isFilled = (keys: Partial<Keys>): keys is Keys =>
  keys.access_key_id !== undefined && keys.secret_access_key !== undefined;

/** The keys in an answer, whichever way they are spelled. */
const keysIn = (fields: Record<string, Json>): Keys | undefined => {
  const result = readPath(fields, "AssumeRoleResponse.AssumeRoleResult.Credentials");
  const place = result ?? fields.Credentials ?? fields.credentials ?? fields;
  const first = (...names: string[]) => names.map((name) => text(readPath(place, name))).find(Boolean);
  const session_token = first("SessionToken", "sessionToken", "session_token");
  const ends = ["Expiration", "expiration", "expiresAt", "expires_at"].map((name) => readPath(place, name));
  const expires_at = timeOf(ends.find((value) => value !== undefined));
  const keys = {
    access_key_id: first("AccessKeyId", "accessKeyId", "access_key_id"),
    secret_access_key: first("SecretAccessKey", "secretAccessKey", "secret_access_key"),
    ...(session_token && { session_token }),
    ...(expires_at && { expires_at }),
  } as Partial<Keys>;
  return isFilled(keys) ? keys : undefined;
};

// They are names in addresses to which our own keys sign.
const mustBeName = (what: string, value: string): string => {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(value)) return value;
  throw new AppError("invalid_credentials", `AWS has no ${what} of this name.`);
};

const stsUrl = (region: string): string =>
  `https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/`;

const assumeRole = async (context: ObtainContext, role: Role, region: string): Promise<Answer> => {
  const url = stsUrl(region);
  const ExternalId = role.external_id ?? text(context.connectionConfig.external_id);
  const params = {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: role.role_arn,
    RoleSessionName: SESSION,
    DurationSeconds: String(LIFE_SECONDS),
    ...(ExternalId && { ExternalId }),
  };
  const headers = { "content-type": "application/x-www-form-urlencoded;charset=utf-8", accept: "application/xml" };
  const own: Role = {
    type: "AWS_SIGV4",
    role_arn: role.role_arn,
    service: "sts",
    region,
    access_key_id: mustHave(context, "awsAccessKeyId"),
    secret_access_key: mustHave(context, "awsSecretAccessKey"),
  };
  const body = formOf(params).toString();
  const signed = await awsHeaders({ method: "POST", url: new URL(url), headers, body }, own, context.now());
  return await ask(context, { url, headers: signed, params });
};

const customHeaders = (context: ObtainContext): Record<string, string> => {
  switch (setting(context, "stsAuthType")) {
    case "api_key":
      return { [setting(context, "stsAuthHeader") ?? "x-api-key"]: mustHave(context, "stsApiKey") };
    case "basic": {
      const pair = `${mustHave(context, "stsAuthUsername")}:${mustHave(context, "stsAuthPassword")}`;
      return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
    }
    default:
      return {};
  }
};

const askCustom = async (context: ObtainContext, role: Role, region: string): Promise<Answer> => {
  const external_id = role.external_id ?? text(context.connectionConfig.external_id);
  return await ask(context, {
    url: mustHave(context, "stsEndpointUrl"),
    headers: customHeaders(context),
    params: {
      role_arn: role.role_arn,
      region,
      ...(external_id && { external_id }),
      session_name: SESSION,
      duration_seconds: LIFE_SECONDS,
    },
    format: "json",
  });
};

const fieldsIn = (answer: Answer): Record<string, Json> => readXml(answer.text) ?? fieldsOf(answer);

const refusedIn = (answer: Answer, fields: Record<string, Json>) => {
  if (answer.status < 300) return undefined;
  const { Code: error, Message: description } = (readPath(fields, "ErrorResponse.Error") ?? {}) as {
    Code?: string;
    Message?: string;
  };
  return { status: answer.status, ...(error && { error }), ...(description && { description }) };
};

/** The role's keys for an hour. The connection's config gets the region and the service that its base URL may name. */
export const assume: Obtain = async (context) => {
  const role = context.credentials as Role;
  const region = mustBeName(
    "region",
    role.region ?? text(context.connectionConfig.region) ?? setting(context, "defaultRegion") ?? DEFAULT_REGION,
  );
  const named = role.service ?? setting(context, "service") ?? text(context.connectionConfig.service);
  const service = named && mustBeName("service", named);
  const isCustom = setting(context, "stsMode") === "custom";
  const answer = await (isCustom ? askCustom : assumeRole)(context, role, region);
  const fields = fieldsIn(answer);
  const refused = refusedIn(answer, fields) ?? refusedBy({ ...answer, text: JSON.stringify(fields) });
  const keys = refused === undefined ? keysIn(fields) : undefined;
  const secrets = ["awsSecretAccessKey", "stsApiKey", "stsAuthPassword"].flatMap(
    (name) => setting(context, name) ?? [],
  );
  if (keys === undefined)
    throw refusal(context, refused ?? { status: answer.status, description: "its answer has no keys" }, secrets);
  const { session_token: _token, expires_at: _end, ...kept } = role;
  return {
    credentials: { ...kept, region, ...(service && { service }), ...keys },
    connectionConfig: { region, ...(service && { service }) },
  };
};
