-- A claim and a fence write no index. PostgreSQL leaves the indexes of a row alone (a "heap-only tuple") if the update
-- changes no column that any of them names, in its condition neither, and if the row's page has room. So no index asks for
-- the status any more: it asks for the stage, which the way from pending to publishing does not change.

-- Whoever looks for posts by their status asks for its stage as well: only that finds an index.
alter table social_scheduled_posts
add column stage text not null generated always as (
    case when status in ('pending', 'queued', 'publishing') then 'open' else status end
) stored;

drop index one_live_schedule_per_draft;
drop index social_scheduled_posts_due;
drop index social_scheduled_posts_handed_over;
drop index social_scheduled_posts_on_their_way;
drop index social_scheduled_posts_to_hand_over;
drop index social_scheduled_posts_unconfirmed;

create unique index one_live_schedule_per_draft
on social_scheduled_posts (draft_id, nullif(stage in ('failed', 'canceled', 'missed'), true));
create index social_scheduled_posts_due on social_scheduled_posts (due_at) where stage = 'open';
create index social_scheduled_posts_handed_over on social_scheduled_posts (due_at) where stage = 'handed_over';
create index social_scheduled_posts_to_hand_over on social_scheduled_posts (due_at)
where stage = 'open' and delivery = 'native';
create index social_scheduled_posts_unconfirmed on social_scheduled_posts (due_at) where stage = 'unconfirmed';
-- The living posts of a Page in their order.
create index social_scheduled_posts_living on social_scheduled_posts (connection_id, publish_at)
where stage in ('open', 'unconfirmed', 'handed_over');
-- Those that are on another try, or were given a time by the publisher.
create index social_scheduled_posts_put_off on social_scheduled_posts (due_at)
where stage = 'open' and next_attempt_at is not null;

-- Room for the claimed version of each post beside the one that a backoffice wrote. The fence's version takes the place
-- of the first, which is gone by then (on a full page all but two of fourteen find room), and the permalink and the id of
-- a published post take up the rest.
alter table social_scheduled_posts set (fillfactor = 40);

-- What a run owns, found without an index of its own: what is due by the time that any scan looks ahead (a lane waits for
-- two minutes at most), what has a time from the publisher, and what is being handed over, which has an open attempt.
create view social_posts_on_their_way as
select
    id,
    status,
    lease_expires_at
from social_scheduled_posts
where stage = 'open' and due_at <= now() + interval '2 minutes' and status in ('queued', 'publishing')
union
select
    id,
    status,
    lease_expires_at
from social_scheduled_posts
where stage = 'open' and next_attempt_at is not null and status in ('queued', 'publishing')
union
select
    post.id,
    post.status,
    post.lease_expires_at
from social_publish_attempts as attempt
inner join social_scheduled_posts as post on attempt.scheduled_post_id = post.id
where attempt.finished_at is null and attempt.is_hand_over and post.status in ('queued', 'publishing');

-- The guard is not called for a claim that it would neither refuse nor change: the publisher moves a pending post to
-- queued, says when, and touches nothing that a post keeps. Whatever else an update changes meets the guard as before.
create or replace trigger social_guard_post before update on social_scheduled_posts
for each row when (
    not (
        old.status = 'pending' and new.status = 'queued' and new.updated_at = now()
        and pg_has_role('socialpub_worker', 'MEMBER')
        and (
            new.id, new.draft_id, new.connection_id, new.content_hash, new.created_by, new.created_at, new.publish_at
        ) is not distinct from (
            old.id, old.draft_id, old.connection_id, old.content_hash, old.created_by, old.created_at, old.publish_at
        )
    )
)
execute function social_guard_post();

-- For that; the guard puts it right in any other update.
grant update (updated_at) on social_scheduled_posts to socialpub_worker;
grant select on social_posts_on_their_way to socialpub_worker, socialpub_readonly;
