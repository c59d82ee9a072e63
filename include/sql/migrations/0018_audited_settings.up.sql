-- Who hears of what, whose token was taken back, and which message got another chance: changes that somebody asks about
-- later, by whatever way they came.

create function social_audit_route() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'DELETE' then
        perform social_write_audit('route.removed', old.larp_id, old.id, '{}', to_jsonb(old));
    else
        perform social_write_audit('route.set', new.larp_id, new.id, to_jsonb(new),
            case when tg_op = 'UPDATE' then social_changed_from(to_jsonb(old), to_jsonb(new)) end);
    end if;
    return null;
end
$$;
create trigger social_audit_route after insert or update or delete on social_notification_routes
for each row execute function social_audit_route();

-- The id of a token is no secret, and no uuid: such an entry is about no row of its own, as those of the gate.
create function social_audit_revocation() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'DELETE' then
        perform social_write_audit('token.revocation_removed', null, '00000000-0000-0000-0000-000000000000', '{}',
            to_jsonb(old));
    else
        perform social_write_audit('token.revoked', null, '00000000-0000-0000-0000-000000000000', to_jsonb(new));
    end if;
    return null;
end
$$;
create trigger social_audit_new_revocation after insert on social_revoked_tokens
for each row execute function social_audit_revocation();
-- What has expired by itself is tidied away without a word.
create trigger social_audit_lost_revocation after delete on social_revoked_tokens
for each row when (old.expires_at > now()) execute function social_audit_revocation();

create function social_audit_requeued_message() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('message.requeued', new.larp_id, new.id,
        jsonb_build_object('event', new.event, 'channel', new.channel, 'recipient', new.recipient),
        jsonb_build_object('dead_at', old.dead_at, 'last_error', old.last_error));
    return null;
end
$$;
create trigger social_audit_requeued_message after update on social_notifications
for each row when (old.dead_at is not null and new.dead_at is null) execute function social_audit_requeued_message();
