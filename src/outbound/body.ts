// The body of a request, in the form that its content type asks for.

/** `headers` describe the body and win over the caller's (only a multipart boundary needs that). */
export type EncodedBody = { body: string | Uint8Array | null; headers: Record<string, string> };

const WITH_BODY = new Set(["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT"]);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const isBytes = (value: unknown): value is Uint8Array | ArrayBuffer =>
  value instanceof Uint8Array || value instanceof ArrayBuffer;

/** Fields in the bracket form that servers read back as objects: a[b]=1, list[]=1&list[]=2, rows[0][id]=1. */
const formFields = (value: unknown, name: string): [string, unknown][] => {
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    const isFlat = !value.some((item) => isObject(item) && !isBytes(item));
    return value.flatMap((item, index) => formFields(item, isFlat ? `${name}[]` : `${name}[${index}]`));
  }
  if (value instanceof Date) return [[name, value.toISOString()]];
  if (!isObject(value) || isBytes(value) || value instanceof Blob) return [[name, value ?? ""]];
  return Object.entries(value).flatMap(([key, item]) => formFields(item, name === "" ? key : `${name}[${key}]`));
};

const urlEncoded = (data: object): string =>
  new URLSearchParams(formFields(data, "").map(([name, value]): [string, string] => [name, String(value)])).toString();

const multipart = async (data: object): Promise<EncodedBody> => {
  const form = new FormData();
  for (const [name, value] of formFields(data, "")) {
    if (value instanceof Blob) form.append(name, value);
    else if (isBytes(value)) form.append(name, new Blob([value as Uint8Array<ArrayBuffer>]), name);
    else form.append(name, String(value));
  }
  // The platform's own encoder picks the boundary and writes both together.
  const encoded = new Response(form);
  return {
    body: new Uint8Array(await encoded.arrayBuffer()),
    headers: { "content-type": encoded.headers.get("content-type")! },
  };
};

/**
 * Encode `data`: text and bytes as they are, objects as multipart or url-encoded form when `contentType` says so, everything
 * else as JSON. Methods without a body send none.
 */
export const encodeBody = async (
  method: string,
  data: unknown,
  contentType: string | undefined,
): Promise<EncodedBody> => {
  if (!WITH_BODY.has(method) || data === undefined || data === null) return { body: null, headers: {} };
  if (typeof data === "string") return { body: data, headers: {} };
  if (data instanceof Uint8Array) return { body: data, headers: {} };
  if (data instanceof ArrayBuffer) return { body: new Uint8Array(data), headers: {} };
  if (isObject(data) && contentType?.startsWith("multipart/form-data")) return await multipart(data);
  if (isObject(data) && contentType?.startsWith("application/x-www-form-urlencoded")) {
    return { body: urlEncoded(data), headers: {} };
  }
  return {
    body: JSON.stringify(data),
    headers: contentType === undefined ? { "content-type": "application/json" } : {},
  };
};
