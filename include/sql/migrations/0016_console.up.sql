-- What the console's lists are read by. None of these indexes is written when a post is scheduled or goes out: a row
-- enters one when something is wrong, when Facebook holds it, or when a person published it early. The rest is found by
-- the indexes that are there.

create index social_scheduled_posts_aside on social_scheduled_posts (connection_id, stage, publish_at, id)
where stage in ('handed_over', 'unconfirmed', 'failed', 'missed', 'canceled');
-- The history of a Page is read by the times that were planned, backwards from now. These may lie ahead of now.
create index social_scheduled_posts_by_hand on social_scheduled_posts (connection_id, publish_at, id)
where stage = 'published' and requested_now_at is not null;
