-- What the console's lists are read by. None of these indexes is written while a post goes out: a post leaves the first
-- when it is claimed and enters the others only when something is wrong, or when a person published it early.

create index social_scheduled_posts_to_come on social_scheduled_posts (connection_id, status, publish_at, id)
where status in ('pending', 'handed_over');
create index social_scheduled_posts_aside on social_scheduled_posts (connection_id, status, publish_at, id)
where status in ('unconfirmed', 'failed', 'missed', 'canceled');
-- The history of a Page is read by the times that were planned, backwards from now. These may lie ahead of now.
create index social_scheduled_posts_by_hand on social_scheduled_posts (connection_id, publish_at, id)
where status = 'published' and requested_now_at is not null;
