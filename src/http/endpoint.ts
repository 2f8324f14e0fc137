// What an endpoint is: one description that checks requests, types the handler and writes the OpenAPI document.
// A door is a zod schema; what an endpoint has no schema for it refuses (a query) or does not read (headers, a body).
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Environment } from "../db/api-keys.ts";
import type { Code } from "../errors.ts";
import type { Caller } from "./access/caller.ts";
import type { AccountScope, Scope } from "./access/scopes.ts";

/** `all` is every verb there is, also those OpenAPI has no word for. */
type Method = "get" | "post" | "put" | "patch" | "delete" | "all";

type Kind = Caller["kind"];

/**
 * Who may call: anybody, or the holders of these kinds of bearer; left out, of an environment's API key. `session in query`: a
 * session's token stands in the query, as the published frontend writes it (`ConnectQuery`).
 */
export type Access = "open" | "session in query" | Kind | readonly Kind[];

/** One status of success. Without a `body` there is none; `type` is the media type where it is not JSON. */
export type Answer = { says: string; body?: z.ZodType; type?: string; headers?: Record<string, string> };

/** A code this endpoint may answer; with a number where its status is not that of the registry. */
export type Refusal = Code | readonly [Code, number];

export type Spec = {
  method: Method;
  /** As Express writes it: /connections/:connectionId. */
  path: string;
  /** Older names of the same endpoint. */
  aliases?: readonly string[];
  /** Older clients call it; there is another way. */
  deprecated?: true;
  tag: string;
  /** One line: what it does. */
  says: string;
  /** What a caller has to know beyond the schemas. */
  more?: string;
  /** The method of the published client that calls it. */
  client?: string;
  access?: Access;
  /** What an environment's key must be allowed. */
  scope?: Scope;
  /** What an account key must be allowed. */
  accountScope?: AccountScope;
  query?: z.ZodType;
  params?: z.ZodType;
  headers?: z.ZodType;
  body?: z.ZodType;
  /** Why who called this is no matter for the audit log. What else changes something, by any method but GET, is ascribed to the caller. */
  unaudited?: string;
  /** A GET whose caller the audit log names. */
  audited?: true;
  /** The most bytes a body may have; 2 MB unless said otherwise. */
  bodyLimit?: number;
  /** The handler reads the query and the body itself: they are whatever the caller sends. */
  raw?: true;
  /** The first is what is sent unless the handler sets another status. */
  answers: Readonly<Record<number, Answer>>;
  /** What comes from elsewhere and is passed on, with any status: then a failure's body may be that as well. */
  otherwise?: Answer;
  /** Codes beside those of the doors, of the key and of failures on our side. */
  errors?: readonly Refusal[];
};

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

type BodyOf<A> = A extends { body: infer B extends z.ZodType } ? z.input<B> : undefined;

type KindsOf<A> = A extends "open"
  ? never
  : A extends "session in query"
    ? "session"
    : A extends readonly (infer K)[]
      ? K
      : A extends Kind
        ? A
        : "environment";

type EnvironmentOf<K> = [K] extends [never] ? undefined : K extends "account" ? undefined : Environment;

type Asked<S extends Spec> = {
  /** Undefined for an account key, and where anybody may call. */
  environment: EnvironmentOf<KindsOf<S["access"]>>;
  /** Which kind of bearer it is, and what goes with that. */
  caller: Extract<Caller, { kind: KindsOf<S["access"]> }>;
  query: Parsed<S["query"]>;
  params: Parsed<S["params"]>;
  headers: Parsed<S["headers"]>;
  body: Parsed<S["body"]>;
  req: Request;
  res: Response;
};

type Given<S extends Spec> = BodyOf<S["answers"][keyof S["answers"]]>;

/** A handler as the server calls it: every door is parsed. What it returns is sent as JSON, unless it has answered itself. */
export type Handle = (asked: Asked<Spec>) => unknown;

export type Endpoint = { spec: Spec; handle: Handle };

/** An endpoint: its description, and what answers. The handler's types follow from the description. */
export const endpoint = <const S extends Spec>(
  spec: S,
  handle: (asked: Asked<S>) => Promise<Given<S> | undefined> | Given<S> | undefined,
): Endpoint => ({ spec, handle: handle as unknown as Handle });
