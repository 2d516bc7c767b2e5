/** Takes the lock of whoever makes or removes the trigger: several workers start at once. */
const oneByOne = "select pg_advisory_xact_lock(hashtext('writeback account limit'));";

/**
 * SQL that keeps each account at so many active pieces of work of a queue, or takes the limit away. pg-boss passes accounts over
 * that are at their limit (`groupConcurrency`), but counts before it takes: of workers that fetch at the same moment each sees
 * a free place. So a trigger counts once more, one worker after the other, and what is too much is not taken: that fetch comes
 * back empty. What is active in the queue is all there is to count, so the place of a dead worker is free as soon as its
 * work is given up.
 */
export function accountLimit(queue: string, most: number | undefined): string {
  if (most === undefined) return `${oneByOne} drop trigger if exists account_limit on pgboss.job_common;`;
  return `${oneByOne}
    create or replace function pgboss.account_limit() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock(hashtextextended(new.group_id, 0));
      if (select count(*) from pgboss.job_common
          where name = new.name and state = 'active' and group_id = new.group_id) >= ${most} then
        return null;
      end if;
      return new;
    end $$;
    create or replace trigger account_limit before update of state on pgboss.job_common for each row
      when (new.name = '${queue}' and new.group_id is not null and new.state = 'active' and old.state <> 'active')
      execute function pgboss.account_limit();`;
}
