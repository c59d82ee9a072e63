-- Which published posts Airflow was told of, as an event of its asset facebook_page_post each (docs/adr/0024). Only rows
-- of published posts use the column.

-- What is there already is nobody's news any more. A constant default is kept beside the table: no row is rewritten.
alter table social_outbox add column announced_at timestamptz default now();
alter table social_outbox alter column announced_at drop default;
create index social_outbox_unannounced on social_outbox (created_at)
where event = 'SocialPublishSucceededEvent' and announced_at is null;

-- What is still to be announced. A post of last week is history: it stays unannounced, which its row says, so that a DAG
-- that was paused for months does not begin with all of them. Each event has its post; joined from the left, so that
-- the look of each minute reads the index of the outbox and nothing else.
create view social_unannounced_posts as
select
    event.id as event_id,
    event.created_at,
    event.scheduled_post_id,
    event.larp_id,
    page.page_id,
    post.facebook_post_id,
    post.permalink_url,
    post.published_at
from social_outbox as event
left join social_scheduled_posts as post on event.scheduled_post_id = post.id
left join facebook_page_connections as page on post.connection_id = page.id
where
    event.event = 'SocialPublishSucceededEvent' and event.announced_at is null
    and event.created_at > now() - interval '7 days';

grant select on social_unannounced_posts to socialpub_worker;
