drop view social_unannounced_posts;
drop index social_outbox_unannounced;
alter table social_outbox drop column announced_at;
