-- Takes the tables of the HTTP face away; events of the webhook keep what they were.
drop table social_revoked_tokens;
drop table social_uploads;
drop table social_api_answers;
drop function social_note_removal(uuid, jsonb);
drop index social_webhook_events_by_age;
drop index social_webhook_events_by_post;
drop index social_webhook_events_waiting;
create index social_webhook_events_waiting on social_webhook_events (id) where processed_at is null;
alter table social_webhook_events
drop constraint webhook_outcome_is_known,
drop constraint processed_means_we_know_how,
drop column outcome,
drop column event_at;
revoke delete on social_webhook_events from socialpub_worker;
revoke select on social_webhook_events from socialpub_readonly;
