// The one error class and the one registry of codes. A code decides the HTTP status and whether trying again can help.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Registry = Record<string, { status: number; retry: boolean; says: string }>;

/** Every code an answer, a log line or a run's error may carry. The SL codes are SQLSTATEs raised in sql/05_errors.sql. */
export const CODES = {
  // What a caller got wrong.
  invalid_query_params: { status: 400, retry: false, says: "A query parameter is missing or malformed." },
  invalid_headers: { status: 400, retry: false, says: "A header is missing or malformed." },
  invalid_body: { status: 400, retry: false, says: "The request body is missing or malformed." },
  invalid_uri_params: { status: 400, retry: false, says: "A part of the path is malformed." },
  invalid_json: { status: 400, retry: false, says: "The request body is not JSON." },
  invalid_content_type: { status: 415, retry: false, says: "Only application/json is accepted here." },
  malformed_request: { status: 400, retry: false, says: "This is no HTTP request that can be understood." },
  request_timeout: { status: 408, retry: true, says: "The request came too slowly." },
  headers_too_large: { status: 431, retry: false, says: "The path and the headers are larger than 16 KB." },
  request_too_large: { status: 413, retry: false, says: "The request body is larger than allowed." },
  missing_auth_header: { status: 401, retry: false, says: "The Authorization header is missing." },
  malformed_auth_header: { status: 401, retry: false, says: "The Authorization header is not 'Bearer <key>'." },
  invalid_connect_session_token_format: {
    status: 401,
    retry: false,
    says: "This begins like a connect session's token, but is none.",
  },
  unknown_connect_session_token: {
    status: 401,
    retry: false,
    says: "No connect session has this token; it ended perhaps.",
  },
  missing_connect_session_token: {
    status: 401,
    retry: false,
    says: "The query has no connect_session_token.",
  },
  deprecated_authentication: {
    status: 401,
    retry: false,
    says: "Public keys are not taken: make a connect session and send its token.",
  },
  unknown_account: { status: 401, retry: false, says: "No environment has this API key." },
  forbidden: { status: 403, retry: false, says: "This key may not do that." },
  too_many_request: {
    status: 429,
    retry: true,
    says: "This key asks more often than it may; Retry-After says when to go on.",
  },
  cannot_handle_event: { status: 409, retry: false, says: "The webhook cannot be handled now." },
  cannot_undo: { status: 409, retry: false, says: "The run cannot be undone now." },
  conflict: { status: 409, retry: false, says: "There is one of this name already." },
  cannot_delete_prod_environment: { status: 400, retry: false, says: "The environment prod cannot be deleted." },
  not_found: { status: 404, retry: false, says: "There is no such thing." },
  method_not_allowed: { status: 405, retry: false, says: "There is no such method here." },
  unknown_connection: { status: 400, retry: false, says: "There is no such connection." },
  unknown_environment: { status: 404, retry: false, says: "There is no such environment." },
  unknown_provider_config: { status: 400, retry: false, says: "There is no such integration." },
  missing_provider_config_key: { status: 400, retry: false, says: "The provider_config_key is missing." },
  no_syncs_found: { status: 400, retry: false, says: "No sync has this name here." },
  unknown_sync: { status: 400, retry: false, says: "No sync has this name here." },
  invalid_variant: { status: 400, retry: false, says: "This variant name is reserved or malformed." },
  sync_variant_already_exists: { status: 400, retry: false, says: "The variant exists already." },
  resource_capped: { status: 400, retry: false, says: "A limit on the number of such things is reached." },
  integration_not_allowed: { status: 400, retry: false, says: "The connect session is not for this integration." },
  invalid_auth_mode: { status: 400, retry: false, says: "The provider is connected with credentials of another kind." },
  invalid_connection_config: {
    status: 400,
    retry: false,
    says: "What the provider is reached by is missing or malformed.",
  },
  invalid_integration: { status: 400, retry: false, says: "The integration lacks what its provider needs." },
  invalid_oauth_flow: { status: 400, retry: false, says: "The sign-in expired, was finished, or began elsewhere." },
  authorization_failed: { status: 400, retry: false, says: "The provider did not let the end user in." },
  connection_validation_failed: { status: 400, retry: false, says: "A function refused the connection." },
  connection_test_failed: { status: 400, retry: false, says: "The provider refused the credentials." },
  invalid_credentials: { status: 400, retry: false, says: "The provider refuses the connection's credentials." },
  refresh_token_external_error: { status: 400, retry: false, says: "The provider gave no new token." },
  connection_refresh_backoff: {
    status: 424,
    retry: true,
    says: "The credentials could not be renewed a moment ago: they are left alone for 30 s.",
  },
  connection_refresh_exhausted: {
    status: 424,
    retry: false,
    says: "Renewing the credentials failed on 4 days: they have to be connected anew.",
  },
  ambiguous_function: { status: 409, retry: false, says: "Functions of several types have this name: say which." },
  integration_not_found: { status: 404, retry: false, says: "There is no such integration." },
  connection_not_found: { status: 404, retry: false, says: "There is no such connection." },
  template_not_found: { status: 404, retry: false, says: "The provider has no such ready-made function." },
  template_already_deployed: { status: 409, retry: false, says: "The integration has a function of this name." },
  deployment_not_found: { status: 404, retry: false, says: "There is no such deployment, or it was long ago." },
  dryrun_not_found: { status: 404, retry: false, says: "There is no such dry run, or it was long ago." },
  compilation_error: { status: 400, retry: false, says: "The function does not compile." },
  deployment_error: { status: 400, retry: false, says: "The function cannot be deployed so." },
  dryrun_error: { status: 400, retry: false, says: "The function failed." },
  timeout: { status: 504, retry: true, says: "It took too long." },
  execution_environment_unavailable: { status: 503, retry: true, says: "Too much of this is under way: try again." },
  not_implemented: { status: 501, retry: false, says: "This server does not do that." },
  function_managed_by_deploy: {
    status: 400,
    retry: false,
    says: "The function came with a folder: remove its file and deploy the folder again.",
  },
  query_syntax_error: { status: 400, retry: false, says: "This is no GraphQL." },
  query_invalid: { status: 400, retry: false, says: "The query does not fit the schema." },
  query_limit_exceeded: {
    status: 400,
    retry: false,
    says: "The query asks for more than one request may; the payload says which limit.",
  },
  operation_not_allowed: { status: 400, retry: false, says: "This server runs only operations that it knows." },
  server_error: { status: 500, retry: true, says: "Something failed on our side." },
  generic_error_support: { status: 500, retry: true, says: "Something failed on our side." },
  // What a function or its provider got wrong.
  script_internal_error: { status: 500, retry: false, says: "The function threw an error." },
  script_output_too_large: { status: 400, retry: false, says: "The action returned more than 2 MB." },
  action_too_deep: { status: 400, retry: false, says: "Actions call each other too deep." },
  script_http_error: { status: 424, retry: false, says: "The provider answered with an error." },
  script_network_error: { status: 500, retry: true, says: "The provider could not be reached." },
  action_script_runtime_error: { status: 500, retry: false, says: "The function refused with an ActionError." },
  script_api_rate_limit_error: {
    status: 424,
    retry: true,
    says: "The function called this API more often than it may.",
  },
  worker_lost: {
    status: 500,
    retry: true,
    says: "The process that ran this ended; what it had done until then is done.",
  },
  idempotency_key_reused: { status: 400, retry: false, says: "This idempotency key was used with another input." },
  action_in_progress: { status: 409, retry: true, says: "The action asked for under this key still runs elsewhere." },
  script_aborted: { status: 410, retry: false, says: "The run was cancelled." },
  execution_timeout: { status: 500, retry: false, says: "The run took longer than allowed." },
  execution_interrupted: { status: 500, retry: false, says: "The run's time slice is over; it goes on in a new run." },
  function_runtime_out_of_memory: { status: 500, retry: false, says: "The function used more memory than allowed." },
  function_runtime_out_of_cpu: {
    status: 500,
    retry: false,
    says: "The function used more processor time than allowed.",
  },
  delivery_failed: {
    status: 409,
    retry: false,
    says: "Records could not be delivered into a table; none were stored.",
  },
  invalid_sync_record: { status: 400, retry: false, says: "A record does not match its model." },
  invalid_action_input: { status: 400, retry: false, says: "An action's input does not match its schema." },
  invalid_action_output: { status: 400, retry: false, says: "An action's output does not match its schema." },
  url_not_allowed: { status: 400, retry: false, says: "The address is private, on the deny list, or no web address." },
  invalid_redirect: { status: 400, retry: false, says: "A redirect leads to something that is no URL." },
  too_many_redirects: { status: 400, retry: false, says: "There were too many redirects in a row." },
  host_not_allowed: { status: 400, retry: false, says: "The address is private or on the deny list." },
  unknown_provider: { status: 400, retry: false, says: "No provider has this name." },
  missing_base_url: { status: 400, retry: false, says: "The provider has no base URL for this connection." },
  missing_api_url: { status: 400, retry: false, says: "The provider has no base URL for this connection." },
  unsupported_provider: { status: 400, retry: false, says: "No provider has this name." },
  base_url_override_disabled: { status: 400, retry: false, says: "This server does not accept other base URLs." },
  base_url_override_not_allowed: { status: 400, retry: false, says: "The other base URL is at a private address." },
  provider_unreachable: { status: 424, retry: true, says: "The provider could not be reached, or broke off." },
  provider_rate_limited: { status: 429, retry: true, says: "The provider's limit is reached: nothing was sent." },
  // What the installation got wrong.
  invalid_settings: { status: 500, retry: false, says: "A setting is missing or malformed." },
  database_ahead: { status: 500, retry: false, says: "The database was migrated by a newer version." },
  migration_failed: { status: 500, retry: false, says: "A migration failed; nothing was changed." },
  migration_edited: { status: 500, retry: false, says: "A migration was edited after it was applied." },
  port_in_use: { status: 500, retry: false, says: "Another program listens on this address." },
  data_folder_in_use: { status: 500, retry: false, says: "Another process uses this data folder." },
  database_unavailable: { status: 503, retry: true, says: "The database cannot be reached." },
  embedded_postgres_failed: { status: 500, retry: false, says: "The embedded Postgres did not start." },
  server_unreachable: { status: 503, retry: true, says: "No server answers at this address." },
  invalid_cli_version: { status: 400, retry: false, says: "This version of the command line is too old." },
  functions_deployment_error: { status: 400, retry: false, says: "Functions of this kind are not supported." },
  function_compile_failed: { status: 400, retry: false, says: "A function does not compile." },
  // SQLSTATEs raised by our own SQL.
  SL001: { status: 409, retry: false, says: "lease lost" },
  SL002: { status: 404, retry: false, says: "no such row" },
  SL003: { status: 400, retry: false, says: "bad cursor" },
  SL004: { status: 400, retry: false, says: "bad argument" },
  SL005: { status: 409, retry: false, says: "wrong state" },
  SL006: { status: 409, retry: false, says: "not delivered" },
  SL007: { status: 500, retry: false, says: "damaged" },
} as const satisfies Registry;

export type Code = keyof typeof CODES;

/** One wrong field of an input: where it is and what is wrong with it. */
export type FieldError = { code: string; message: string; path: string[] };

/** What every failing function of ours throws: a code from the registry, a sentence, and where it helps a payload. */
export class AppError extends Error {
  readonly code: Code;
  readonly status: number;
  readonly errors: FieldError[] | undefined;
  readonly payload: Json | undefined;
  /** What an answer says beside the code, such as what the provider answered. */
  readonly additional: { [member: string]: Json } | undefined;

  constructor(
    code: Code,
    message: string = CODES[code].says,
    options: ErrorOptions & {
      status?: number;
      errors?: FieldError[];
      payload?: Json;
      additional?: { [member: string]: Json };
    } = {},
  ) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
    this.status = options.status ?? CODES[code].status;
    this.errors = options.errors;
    this.payload = options.payload;
    this.additional = options.additional;
  }
}

/** True when `error` is ours and carries `code`. */
export const hasCode = (error: unknown, code: Code): error is AppError =>
  error instanceof AppError && error.code === code;

const URL_CREDENTIALS = /\/\/[^/\s@]+@/g;

/** The text without the user and password part of any URL in it. */
export const withoutUrlCredentials = (text: string): string => text.replace(URL_CREDENTIALS, "//***@");
