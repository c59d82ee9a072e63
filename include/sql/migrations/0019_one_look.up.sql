-- A million posts scheduled in one statement, in less than a minute: what each costs beside its own row.

-- Each new post looked its draft up three times: in its guard, in the foreign key's own query, which also wrote a lock into
-- the draft's row, and when the draft follows it. No post can point into the void without the foreign keys' queries: the
-- guard takes the Page from the very row that it finds by the draft, no post ever changes either, and neither can go,
-- drafts by social_keep_drafts and Pages by the trigger below. So the keys are told, and no longer asked; before
-- PostgreSQL 18, which has no such keys, they are asked as before.

create trigger social_keep_connections before delete on facebook_page_connections
for each row execute function social_refuse_change();

do $$
begin
    if current_setting('server_version_num')::int >= 180000 then
        alter table social_scheduled_posts alter constraint social_scheduled_posts_draft_id_fkey not enforced;
        alter table social_scheduled_posts alter constraint social_scheduled_posts_connection_id_fkey not enforced;
    end if;
end
$$;

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft record;
begin
    select found.id, found.status, found.larp_id, found.content_hash, page.id as page, page.delivery
    into draft
    from social_drafts as found left join facebook_page_connections as page on found.larp_id = page.larp_id and page.disconnected_at is null
    where found.id = new.draft_id;
    if not found then
        raise exception 'There is no draft %.', new.draft_id using errcode = 'foreign_key_violation',
            hint = 'Insert the draft before its scheduled post.';
    end if;
    if draft.status not in ('approved', 'failed') then
        raise exception 'Draft % is "%": only an approved draft can be scheduled.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = case draft.status when 'scheduled' then 'Cancel its present schedule first.'
                else 'Submit it, let it be approved, then schedule it.' end;
    end if;
    if draft.page is null or draft.page != coalesce(new.connection_id, draft.page)
    then
        raise exception 'LARP % has no connected Facebook Page for draft %.', draft.larp_id, draft.id
            using errcode = 'check_violation', hint = 'Connect the LARP''s Page, then schedule the draft again.';
    end if;
    if new.status != 'pending' then
        raise exception 'A new scheduled post starts as "pending", not "%".', new.status
            using errcode = 'check_violation', hint = 'Leave the status out; publishing moves it.';
    end if;
    new.connection_id := draft.page;
    new.content_hash := draft.content_hash;
    new.delivery := coalesce(new.delivery, draft.delivery);
    if new.created_by = '' then
        new.created_by := social_actor();
    end if;
    if new.publish_at is null then
        new.publish_at := new.wall_time at time zone new.time_zone;
    end if;
    return new;
end
$$;

-- A new post was written into two indexes of its Page's posts by their time, one of the living and one of all. Each post is
-- now in one of two: the living, and those that are settled. Who wants both asks this view, which PostgreSQL reads as two
-- ranges; a list that is read in order names the two, because through a view they would be sorted as a whole.
drop index social_scheduled_posts_by_page;
create index social_scheduled_posts_settled on social_scheduled_posts (connection_id, publish_at)
where stage in ('published', 'failed', 'missed', 'canceled');
create view social_posts_of_pages as
select
    id,
    draft_id,
    connection_id,
    content_hash,
    status,
    status_reason,
    publish_at,
    due_at,
    requested_now_at,
    published_at,
    permalink_url,
    updated_at
from social_scheduled_posts where stage in ('open', 'unconfirmed', 'handed_over')
union all
select
    id,
    draft_id,
    connection_id,
    content_hash,
    status,
    status_reason,
    publish_at,
    due_at,
    requested_now_at,
    published_at,
    permalink_url,
    updated_at
from social_scheduled_posts where stage in ('published', 'failed', 'missed', 'canceled');
grant select on social_posts_of_pages to socialpub_backoffice, socialpub_worker, socialpub_readonly;

-- A draft that is scheduled, and published, gets an entry for each new version of its row beside that of the first. There is
-- room for it, so that no page of the index has to be searched for dead entries, or split, before there is.
alter index social_drafts_pkey set (fillfactor = 50);
