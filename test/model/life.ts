// The life of runs as a small model: two syncs, two workers, a clock. It says what each call must answer and how the
// database must stand at the end. Frequencies are a minute, phases 0 and 30 seconds; times are seconds since the start.
export type Command =
  | { do: "create" | "cancel"; sync: number }
  | { do: "claim" | "beat" | "crash"; worker: number }
  | { do: "finish" | "fail" | "interrupt" | "release" | "checkpoint"; worker: number; isAnswerLost: boolean }
  | { do: "write"; worker: number; text: string }
  | { do: "dispatch" | "requeue" | "bury" }
  | { do: "forward"; seconds: number };

type Run = {
  sync: number;
  state: "ready" | "running" | "succeeded" | "failed" | "interrupted" | "cancelled";
  token: number;
  attempt: number;
  due: number;
  priority: number;
  lease: number;
  sliceEnds: number;
  from: number | null | undefined;
  hasChanges: boolean;
};

type Sync = {
  due: number | null;
  failures: number;
  idle: number;
  checkpoint: number | null;
  head: number;
  text: string | null;
};
type Held = { run: number; token: number };

const EVERY = 60;
const LONGEST_BACKOFF = 3600;
const LEASE = 20;
const SLICE = 600;
const MAX_ATTEMPTS = 5;
const MAX_IDLE = 3;

/** A fresh model: `step` gives the SQL of a command and the answer it must have, or undefined for what only the model does. */
export const createModel = () => {
  let now = 0;
  let saved = 0;
  const syncs: Sync[] = [0, 1].map((n) => ({
    due: 60 + n * 30,
    failures: 0,
    idle: 0,
    checkpoint: null,
    head: 0,
    text: null,
  }));
  const runs: Run[] = [];
  const held: (Held | null)[] = [null, null];

  const runId = (at: number): string => `(select id from syncline.runs order by id offset ${at} limit 1)`;
  const liveOf = (sync: number): Run | undefined =>
    runs.find((run) => run.sync === sync && /ready|running/.test(run.state));

  const schedule = (sync: number): void => {
    const it = syncs[sync]!;
    const after = now + (it.failures < 2 ? 0 : Math.min(30 * 2 ** Math.min(it.failures - 2, 10), LONGEST_BACKOFF));
    const phase = sync * 30;
    it.due = (Math.floor((after - phase) / EVERY) + 1) * EVERY + phase;
  };

  const make = (sync: number, priority: number): boolean => {
    if (liveOf(sync)) return false;
    const state = {
      state: "ready",
      token: 0,
      attempt: 0,
      lease: 0,
      sliceEnds: 0,
      from: undefined,
      hasChanges: false,
    } as const;
    runs.push({ sync, priority, due: now, ...state });
    syncs[sync]!.due = null;
    return true;
  };

  const bury = (run: Run): void => {
    run.state = "failed";
    syncs[run.sync]!.failures++;
    schedule(run.sync);
  };

  const claim = (worker: number): string | null => {
    const ready = runs.filter((run) => run.state === "ready" && run.due <= now);
    const run = ready.sort((a, b) => a.priority - b.priority || a.due - b.due || runs.indexOf(a) - runs.indexOf(b))[0];
    if (!run) return null;
    const from = run.from === undefined ? syncs[run.sync]!.checkpoint : run.from;
    Object.assign(run, {
      state: "running",
      token: run.token + 1,
      attempt: run.attempt + 1,
      lease: now + LEASE,
      sliceEnds: now + SLICE,
      from,
    });
    held[worker] = { run: runs.indexOf(run), token: run.token };
    return `${runs.indexOf(run)}:${run.token}:${run.attempt}`;
  };

  const interrupt = (run: Run, sync: Sync): string => {
    sync.idle = run.hasChanges || sync.checkpoint !== run.from ? 0 : sync.idle + 1;
    if (sync.idle >= MAX_IDLE) {
      sync.idle = 0;
      bury(run);
      return "false";
    }
    run.state = "interrupted";
    make(run.sync, 5);
    return "true";
  };

  const write = (run: Run, sync: Sync, text: string): string => {
    sync.head++;
    const letter = sync.text === null ? "A" : sync.text === text ? "." : "U";
    sync.text = text;
    run.hasChanges ||= letter !== ".";
    return letter;
  };

  // What a worker does under its fence; "SL001" when the run is not its any more.
  const fenced = (command: Extract<Command, { worker: number }>, { run: at, token }: Held): string => {
    const run = runs[at]!;
    const sync = syncs[run.sync]!;
    if (run.state !== "running" || run.token !== token) return "SL001";
    if (command.do === "write") return write(run, sync, command.text);
    if (command.do === "interrupt") return interrupt(run, sync);
    if (command.do === "checkpoint") {
      sync.checkpoint = saved;
      return String(now >= run.sliceEnds);
    }
    if (command.do === "finish") {
      run.state = "succeeded";
      sync.failures = 0;
      sync.idle = 0;
      schedule(run.sync);
    } else if (command.do === "fail") bury(run);
    else Object.assign(run, { state: "ready", token: run.token + 1, attempt: run.attempt - 1 });
    return "ok";
  };

  const CALLS = {
    finish: "select 'ok' from syncline.finish_run(RUN)",
    fail: `select 'ok' from syncline.fail_run(RUN, '{"message": "x"}')`,
    interrupt: "select syncline.interrupt_run(RUN) is not null",
    release: "select 'ok' from syncline.release_run(RUN)",
  };

  const act = (command: Extract<Command, { worker: number }>): [string, string] | undefined => {
    const mine = held[command.worker];
    if (!mine) return undefined;
    const fence = `${runId(mine.run)}, ${mine.token}`;
    const sync = runs[mine.run]!.sync;
    if (command.do === "checkpoint") saved++;
    const sql =
      command.do === "checkpoint"
        ? `select syncline.save_checkpoint(${fence}, '{"n": ${saved}}')`
        : command.do === "write"
          ? `select letters from syncline.save_records(${fence}, ${sync + 1}, '{a}', array['${command.text}'::bytea], '{x}', null)`
          : CALLS[command.do as keyof typeof CALLS].replace("RUN", fence);
    const answer = fenced(command, mine);
    // With a lost answer the worker tries the same again; without, it knows that it is done.
    const isOver =
      command.do !== "write" && command.do !== "checkpoint" && !("isAnswerLost" in command && command.isAnswerLost);
    if (isOver || answer === "SL001") held[command.worker] = null;
    return [sql, answer];
  };

  const beat = (worker: number): [string, string] => {
    const mine = held[worker];
    const run = mine ? runs[mine.run] : undefined;
    const isMine = run?.state === "running" && run.token === mine?.token;
    const lists = mine ? `array[${runId(mine.run)}], array[${mine.token}::bigint]` : "'{}', '{}'";
    if (isMine) run.lease = now + LEASE;
    else held[worker] = null;
    return [`select count(*) from syncline.heartbeat('w${worker}', '{}', ${lists})`, mine && !isMine ? "1" : "0"];
  };

  const expired = (isSpent: boolean): Run[] =>
    runs.filter((run) => run.state === "running" && run.lease < now && run.attempt >= MAX_ATTEMPTS === isSpent);

  const requeue = (): string => {
    const lost = expired(false);
    for (const run of lost) {
      const wait = run.attempt > 1 ? Math.min(2 ** run.attempt, 300) : 0;
      Object.assign(run, { state: "ready", token: run.token + 1, due: now + wait });
    }
    return String(lost.length);
  };

  const cancel = (sync: number): [string, string] | undefined => {
    const run = liveOf(sync) ?? runs.at(-1);
    if (!run) return undefined;
    const isLive = /ready|running/.test(run.state);
    if (isLive) {
      Object.assign(run, { state: "cancelled", token: run.token + 1 });
      schedule(run.sync);
    }
    return [`select syncline.cancel_run(${runId(runs.indexOf(run))})`, String(isLive)];
  };

  const step = (command: Command): [sql: string, answer: string | null] | undefined => {
    switch (command.do) {
      case "create":
        return [
          `select syncline.create_run(${command.sync + 1}, 'trigger', false) is not null`,
          String(make(command.sync, 0)),
        ];
      case "cancel":
        return cancel(command.sync);
      case "claim":
        return [
          `select (select count(*) from syncline.runs x where x.id < c.id) || ':' || c.token || ':' || c.attempt from syncline.claim_run('w') c`,
          claim(command.worker),
        ];
      case "beat":
        return beat(command.worker);
      case "crash":
        held[command.worker] = null;
        return undefined;
      case "dispatch": {
        const due = syncs.flatMap((sync, at) => (sync.due !== null && sync.due <= now ? [at] : []));
        due.sort((a, b) => syncs[a]!.due! - syncs[b]!.due!);
        for (const sync of due) make(sync, 10);
        return ["select syncline.dispatch_due(10)", String(due.length)];
      }
      case "requeue":
        return ["select syncline.requeue_expired(false)", requeue()];
      case "bury": {
        const spent = expired(true);
        for (const run of spent) bury(run);
        return ["select syncline.bury_poisoned()", String(spent.length)];
      }
      case "forward":
        now += command.seconds;
        return [
          `select set_config('syncline.fake_now', (timestamptz '2026-03-01Z' + interval '${now} s')::text, true) is null`,
          "false",
        ];
      default:
        return act(command);
    }
  };

  /** How the database must stand now, in the words of LOOK. */
  const look = () => ({
    runs: runs.map((run) => {
      const until = run.state === "ready" ? run.due : run.state === "running" ? run.lease : 0;
      return `${run.sync} ${run.state} ${run.token} ${run.attempt} ${until}`;
    }),
    syncs: syncs.map(
      (sync) => `${sync.due ?? "-"} ${sync.failures} ${sync.idle} ${sync.checkpoint ?? "-"} ${sync.head}`,
    ),
  });
  return { step, look };
};

/** What `look` says, asked of the database. */
export const LOOK = `select json_build_object(
  'runs', (select coalesce(json_agg(concat_ws(' ', r.sync_id - 1, r.state, r.token, r.attempt, case r.state
      when 'ready' then extract(epoch from r.due_at - '2026-03-01Z')::int
      when 'running' then extract(epoch from r.lease_ends_at - '2026-03-01Z')::int else 0 end) order by r.id), '[]') from syncline.runs r),
  'syncs', (select json_agg(concat_ws(' ', coalesce(extract(epoch from s.next_run_at - '2026-03-01Z')::int::text, '-'), s.consecutive_failures,
      s.idle_interrupts, coalesce(k.value ->> 'n', '-'), t.head) order by s.id)
    from syncline.syncs s join syncline.streams t on t.id = s.id
    left join syncline.checkpoints k on k.connection_id = s.connection_id and k.name = s.name))`;
