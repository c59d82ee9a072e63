revoke update (updated_at) on social_scheduled_posts from socialpub_worker;
create or replace trigger social_guard_post before update on social_scheduled_posts
for each row execute function social_guard_post();

drop view social_posts_on_their_way;
alter table social_scheduled_posts reset (fillfactor);
drop index one_live_schedule_per_draft;
drop index social_scheduled_posts_due;
drop index social_scheduled_posts_handed_over;
drop index social_scheduled_posts_living;
drop index social_scheduled_posts_put_off;
drop index social_scheduled_posts_to_hand_over;
drop index social_scheduled_posts_unconfirmed;
alter table social_scheduled_posts drop column stage;

create unique index one_live_schedule_per_draft
on social_scheduled_posts (draft_id, nullif(status in ('failed', 'canceled', 'missed'), true));
create index social_scheduled_posts_due on social_scheduled_posts (due_at) where status = 'pending';
create index social_scheduled_posts_handed_over on social_scheduled_posts (due_at) where status = 'handed_over';
create index social_scheduled_posts_on_their_way on social_scheduled_posts (connection_id, publish_at)
where status in ('queued', 'publishing');
create index social_scheduled_posts_to_hand_over on social_scheduled_posts (due_at)
where status = 'pending' and delivery = 'native';
create index social_scheduled_posts_unconfirmed on social_scheduled_posts (due_at) where status = 'unconfirmed';
