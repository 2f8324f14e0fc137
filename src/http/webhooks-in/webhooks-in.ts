// POST and GET /webhook/:environmentUuid/:providerConfigKey: what providers send.
import { z } from "zod";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint, type Spec } from "../endpoint.ts";
import { ProviderConfigKey } from "../patterns.ts";
import { BODY_LIMIT, createReceive } from "./receive.ts";

const Params = z.object({ environmentUuid: z.guid(), providerConfigKey: ProviderConfigKey });

const Anything = z.unknown().meta({ id: "WebhookAnswer", description: "Whatever the provider expects." });

const Refused = z.strictObject({ error: z.string() }).meta({
  id: "WebhookRefusal",
  description: "Why a provider's webhook is refused. It has no code: providers show it to people.",
});

const SPEC = {
  path: "/webhook/:environmentUuid/:providerConfigKey",
  tag: "Webhooks in",
  access: "open",
  params: Params,
  raw: true,
  bodyLimit: BODY_LIMIT,
  answers: {
    200: {
      says: "It is stored and will be handled, or was stored before. Or a challenge is answered.",
      body: Anything,
      type: "*/*",
    },
    201: { says: "The same, for a provider that expects this status.", body: Anything, type: "*/*" },
    202: { says: "The same, for a provider that expects this status.", body: Anything, type: "*/*" },
    204: {
      says: "Nothing is done with webhooks of this provider. Or the same as 200, for a provider that expects this status.",
    },
    400: { says: "It cannot be read, or lacks what its signature needs.", body: Refused },
    401: {
      says: "Its signature is missing or wrong, or there is no secret to check it with. It is kept, but not handled.",
      body: Refused,
    },
  },
  errors: [
    "unknown_environment",
    ["unknown_provider_config", 404],
    "method_not_allowed",
    "invalid_content_type",
    "malformed_request",
    "request_too_large",
    "too_many_request",
  ],
} as const satisfies Omit<Spec, "method" | "says">;

/** The door for providers. */
export const webhookInEndpoints = (deps: HttpDeps): Endpoint[] => {
  const receive = createReceive(deps);
  return [
    endpoint(
      {
        ...SPEC,
        method: "post",
        says: "What a provider sends",
        more: `The body is taken as it comes, of up to 25 MB and not compressed: signatures are checked over its bytes. It is answered once it
is committed. Events are told apart by the provider's own id of them; where it gives none, the same body with the same
signature counts once within ten minutes (the setting inbox_dedupe_window).`,
      },
      ({ params, req, res }) => receive(params, req, res) as Promise<undefined>,
    ),
    endpoint(
      {
        ...SPEC,
        method: "get",
        says: "What a provider sends by GET",
        more: "Some ask this way whether the address is right. Others get 405.",
      },
      ({ params, req, res }) => receive(params, req, res) as Promise<undefined>,
    ),
  ];
};
