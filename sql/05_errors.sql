-- 05_errors.sql: the errors callers branch on. Promise: every SQLSTATE raised in sql/ stands here and in src/errors.ts.
create or replace function syncline.error_codes()
returns table (code text, says text)
language sql immutable parallel safe
begin atomic
  select v.code, v.says
    from (values
      ('SL001', 'lease lost'),
      ('SL002', 'no such row'),
      ('SL003', 'bad cursor'),
      ('SL004', 'bad argument'),
      ('SL005', 'wrong state'),
      ('SL006', 'not delivered'),
      ('SL007', 'damaged')
    ) as v (code, says);
end;
comment on function syncline.error_codes() is 'The SQLSTATEs that functions of this schema raise, and what each says.';
