// The subscription fields of the schema.
import { constant, context, type ExecutableStep, type FieldArgs, listen, object } from "postgraphile/grafast";
import { extendSchema, gql } from "postgraphile/utils";
import type { Asked, Subscriber } from "./subscriber.ts";

const typeDefs = gql`
  extend type Subscription {
    """
    Changes of the records of one model of a connection, in the order in which they were committed. Who comes back with
    the last \`cursor\` misses nothing and sees nothing twice. A record that changed twice before it was read comes once,
    as it is then.
    """
    recordsChanged(
      """The \`uniqueKey\` of the connection's integration."""
      integration: String!
      connectionId: String!
      model: String!
      variant: String! = "base"
      """The cursor of the last event. Without one: from now on. Empty: from the start."""
      after: String
    ): RecordsChanged!
    """
    State changes of a run, until it has ended; or of the runs of a sync, of a connection, or of all. Those that are live
    come first. What changes twice within a moment comes once.
    """
    runUpdated(runId: BigInt, syncId: UUID, integration: String, connectionId: String): RunUpdated!
    """New lines of the log, in order. Who comes back with the last \`cursor\` misses none and sees none twice."""
    logAppended(
      runId: BigInt
      integration: String
      connectionId: String
      """This level and worse ones."""
      level: LiveLogLevel
      """The cursor of the last event. Without one: from now on. Empty: from the oldest line."""
      after: String
    ): LogAppended!
  }

  """A page of changes. The first one after a start without a cursor is empty: it brings the cursor to go on from."""
  type RecordsChanged {
    """The records, in the order of their changes."""
    records: [ChangedRecord!]!
    """Where this event ends: what comes after it is asked for with \`after\`."""
    cursor: String!
  }
  """A record as it was when it was read."""
  type ChangedRecord {
    """Its id."""
    id: String!
    """Its fields. Of a deleted record those it had; of a pruned one only the id."""
    data: JSON!
    """When and how it changed."""
    _metadata: ChangedRecordMetadata!
  }
  """When and how a record changed."""
  type ChangedRecordMetadata {
    """When it was first saved."""
    firstSeenAt: Datetime!
    """When it last changed."""
    lastModifiedAt: Datetime!
    """What its last change was."""
    lastAction: ChangedRecordAction!
    """When it was deleted."""
    deletedAt: Datetime
    """When its content was forgotten."""
    prunedAt: Datetime
    """Where the record stands in the order of changes."""
    cursor: String!
  }
  enum ChangedRecordAction { ADDED UPDATED DELETED }

  """A run that changed."""
  type RunUpdated {
    """The run: see \`run(id:)\`."""
    runId: BigInt!
    """ready, running, succeeded, failed, interrupted or cancelled."""
    state: String!
  }

  enum LiveLogLevel { debug info warn error }
  """New lines. The first event after a start without a cursor is empty: it brings the cursor to go on from."""
  type LogAppended {
    """The lines, oldest first."""
    lines: [LogLine!]!
    """Where this event ends: what comes after it is asked for with \`after\`."""
    cursor: String!
  }
  """A line of the log."""
  type LogLine {
    """Its number."""
    id: BigInt!
    """When it was."""
    at: Datetime!
    """run, request, message, webhook or change."""
    kind: String!
    """How bad it is."""
    level: LiveLogLevel!
    """What happened."""
    message: String!
    """More about it."""
    detail: JSON
    """The run it is about."""
    runId: BigInt
  }
`;

const ARGUMENTS: Record<Asked["field"], string[]> = {
  recordsChanged: ["integration", "connectionId", "model", "variant", "after"],
  runUpdated: ["runId", "syncId", "integration", "connectionId"],
  logAppended: ["runId", "integration", "connectionId", "level", "after"],
};

/** The plugin; events come from `subscriber`, and their fields are what the events hold. */
export const createLivePlugin = (subscriber: Subscriber): GraphileConfig.Plugin => {
  const field = (name: Asked["field"]) => ({
    subscribePlan: (_$root: ExecutableStep, args: FieldArgs) => {
      const given = ARGUMENTS[name].map((argument) => [argument, args.getRaw(argument)]);
      const $asked = object({ field: constant(name), args: object(Object.fromEntries(given)), context: context() });
      // Made for topics that are texts; what it does with one is hand it over.
      return listen(constant(subscriber as never, false), $asked as never);
    },
    plan: ($event: ExecutableStep) => $event,
  });
  const plans = Object.fromEntries(Object.keys(ARGUMENTS).map((name) => [name, field(name as Asked["field"])]));
  return extendSchema({ typeDefs, objects: { Subscription: { plans } } }, "SynclineLivePlugin");
};
