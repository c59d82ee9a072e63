-- What Prometheus counts. A counter is never computed from history: each change adds a row to social_metric_changes in the
-- transaction of the change itself, so it waits for nobody and is true whatever dies; each scan sums them up.

create table social_metric_totals (
    metric text not null,
    labels text [] not null,
    amount double precision not null,
    primary key (metric, labels)
);

create table social_metric_changes (
    metric text not null,
    labels text [] not null,
    amount double precision not null,
    constraint counters_never_go_down check (amount >= 0 and amount < 'infinity')
);
-- Emptied each minute.
alter table social_metric_changes set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- One row: when a scan last came to its end.
create table social_scans (
    id smallint primary key default 1,
    finished_at timestamptz,
    constraint one_row_of_scans check (id = 1)
);
insert into social_scans default values;

-- How late a post went live, in seconds after the instant that a person chose; one that was early is not late.
create function social_lateness(published_at timestamptz, publish_at timestamptz, requested_now_at timestamptz)
returns double precision
language sql immutable
return greatest(extract(epoch from published_at - coalesce(requested_now_at, publish_at))::double precision, 0);

create function social_lateness_bucket(seconds double precision) returns text
language sql immutable
return coalesce(
    (select min(bound) from unnest(array[1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 21600]) as bound
    where seconds <= bound)::text, '+Inf'
);

create function social_count_new_posts() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_metric_changes (metric, labels, amount)
    select 'social_posts_scheduled_total', array[delivery], count(*) from new_posts group by delivery;
    return null;
end
$$;
create trigger social_count_new_posts after insert on social_scheduled_posts
referencing new table as new_posts
for each statement execute function social_count_new_posts();

-- A final row never changes again (social_guard_post), so each row that is final here has just become so.
create function social_count_outcomes() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if not exists (select 1 from new_posts where status in ('published', 'missed', 'canceled')) then
        return null;
    end if;
    insert into social_metric_changes (metric, labels, amount)
    select 'social_posts_' || status || '_total', array[delivery], count(*)
    from new_posts where status in ('missed', 'canceled') group by status, delivery
    union all
    select 'social_post_publish_success_total', array[delivery], count(*)
    from new_posts where status = 'published' group by delivery
    union all
    select 'social_publish_lateness_seconds', array[delivery, social_lateness_bucket(late)], count(*)
    from new_posts, social_lateness(published_at, publish_at, requested_now_at) as late
    where status = 'published' group by delivery, social_lateness_bucket(late)
    union all
    select 'social_publish_lateness_seconds_sum', array[delivery], sum(late)
    from new_posts, social_lateness(published_at, publish_at, requested_now_at) as late
    where status = 'published' group by delivery;
    return null;
end
$$;
create trigger social_count_outcomes after update on social_scheduled_posts
referencing new table as new_posts
for each statement execute function social_count_outcomes();

-- At commit, because the attempt that says why may be closed after its post.
create function social_count_failure() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_metric_changes (metric, labels, amount) values (
        'social_post_publish_failure_total',
        array[coalesce((
            select attempt.error_class from social_publish_attempts as attempt
            where attempt.scheduled_post_id = new.id order by attempt.attempt_number desc limit 1
        ), 'none'), new.delivery],
        1
    );
    return null;
end
$$;
create constraint trigger social_count_failure after update on social_scheduled_posts
deferrable initially deferred for each row
when (old.status is distinct from new.status and new.status = 'failed')
execute function social_count_failure();

-- What attempts come to that publish nothing. Those that publish are counted by their posts, a group at a time.
create function social_count_attempt() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_metric_changes (metric, labels, amount)
    values ('social_publish_attempts_unsuccessful_total', array[new.outcome], 1);
    return null;
end
$$;
create trigger social_count_attempt after update on social_publish_attempts
for each row when (old.outcome is null and new.outcome not in ('published', 'handed_over'))
execute function social_count_attempt();

-- The end of a scan, and the changes summed up. A scan that meets another one here leaves it the work.
create function social_end_scan() returns void
language plpgsql security definer set search_path from current as $$
begin
    perform 1 from social_scans for update skip locked;
    if not found then
        return;
    end if;
    update social_scans set finished_at = clock_timestamp();
    with taken as (delete from social_metric_changes returning metric, labels, amount)
    insert into social_metric_totals as total (metric, labels, amount)
    select metric, labels, sum(amount) from taken group by metric, labels
    on conflict (metric, labels) do update set amount = total.amount + excluded.amount;
end
$$;
revoke execute on function social_end_scan() from public;

-- What is in the tables already.
do $$
begin
insert into social_metric_totals (metric, labels, amount)
select 'social_posts_scheduled_total', array[delivery], count(*) from social_scheduled_posts group by delivery
union all
select 'social_posts_' || status || '_total', array[delivery], count(*)
from social_scheduled_posts where status in ('missed', 'canceled') group by status, delivery
union all
select 'social_post_publish_success_total', array[delivery], count(*)
from social_scheduled_posts where status = 'published' group by delivery
union all
select 'social_publish_lateness_seconds', array[delivery, social_lateness_bucket(late)], count(*)
from social_scheduled_posts, social_lateness(published_at, publish_at, requested_now_at) as late
where status = 'published' group by delivery, social_lateness_bucket(late)
union all
select 'social_publish_lateness_seconds_sum', array[delivery], sum(late)
from social_scheduled_posts, social_lateness(published_at, publish_at, requested_now_at) as late
where status = 'published' group by delivery
union all
select 'social_post_publish_failure_total', array[coalesce(last.error_class, 'none'), post.delivery], count(*)
from social_scheduled_posts as post left join lateral (
    select attempt.error_class from social_publish_attempts as attempt
    where attempt.scheduled_post_id = post.id order by attempt.attempt_number desc limit 1
) as last on true
where post.status = 'failed' group by last.error_class, post.delivery
union all
select 'social_publish_attempts_unsuccessful_total', array[outcome], count(*)
from social_publish_attempts where outcome not in ('published', 'handed_over') group by outcome;
end
$$;

-- What Meta's support asks for leads to the post.
create index social_publish_attempts_by_fbtrace_id on social_publish_attempts (fbtrace_id) where fbtrace_id is not null;

-- A Page that is there to be tried on: the smoke test publishes and deletes on it every night.
alter table facebook_page_connections add column is_sandbox boolean not null default false;
create trigger social_audit_sandbox after update on facebook_page_connections
for each row when (old.is_sandbox is distinct from new.is_sandbox)
execute function social_audit_connection();

grant select on social_metric_totals, social_metric_changes, social_scans to socialpub_worker, socialpub_readonly;
-- The publisher brings what its processes measured themselves.
grant insert on social_metric_changes to socialpub_worker;
grant execute on function social_end_scan() to socialpub_worker;
grant update (is_sandbox) on facebook_page_connections to socialpub_worker;
grant select (is_sandbox) on facebook_page_connections to socialpub_readonly, socialpub_backoffice;
