-- why: who watches all runs of an environment asks for the newest of them, again and again
-- breaking: no
create index runs_of_environment on syncline.runs (environment_id, id desc);
