alter index social_drafts_pkey reset (fillfactor);
drop view social_posts_of_pages;
drop index social_scheduled_posts_settled;
create index social_scheduled_posts_by_page on social_scheduled_posts (connection_id, publish_at);

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
        return new; -- The foreign key says it better.
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

do $$
begin
    if current_setting('server_version_num')::int >= 180000 then
        alter table social_scheduled_posts alter constraint social_scheduled_posts_connection_id_fkey enforced;
        alter table social_scheduled_posts alter constraint social_scheduled_posts_draft_id_fkey enforced;
    end if;
end
$$;

drop trigger social_keep_connections on facebook_page_connections;
