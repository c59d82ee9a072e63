-- Takes routes, messages and digests away; events that were routed stay as delivered ones.
drop function social_has_news();
drop function social_tell_unhealthy();
drop trigger social_tell_comment_failed on social_first_comments;
drop function social_tell_comment_failed();
drop trigger social_tell_all_stopped on social_publishing_gate;
drop function social_tell_all_stopped();
drop trigger social_tell_page_stopped on facebook_page_connections;
drop function social_tell_page_stopped();
drop index social_outbox_unrouted;
update social_outbox set delivered_at = routed_at where delivered_at is null and dead_at is null and routed_at is not null;
alter table social_outbox
drop column routed_at,
add column next_attempt_at timestamptz not null default now(),
add column attempts integer not null default 0,
add column last_error text;
create index social_outbox_waiting on social_outbox (next_attempt_at) where delivered_at is null and dead_at is null;
drop table social_digests;
drop table social_notification_events;
drop table social_notifications;
drop table social_notification_routes;
