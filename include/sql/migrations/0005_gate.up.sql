-- The gate that every post passes: one row for the whole installation, closed by a person (pause) or by Facebook (the
-- app's rate limit). And each Page's pace after downtime.
create table social_publishing_gate (
    id smallint primary key default 1,
    paused_at timestamptz,
    paused_by text,
    pause_reason text,
    rate_limited_until timestamptz,
    updated_at timestamptz not null default now(),
    constraint one_gate check (id = 1),
    constraint closed_gate_says_who_and_why check (
        (paused_at is null) = (pause_reason is null) and (paused_at is null) = (paused_by is null)
    )
);
insert into social_publishing_gate default values;

-- When the Page's next overdue post may go out.
alter table facebook_page_connections add column catch_up_from timestamptz;

create trigger social_touch before update on social_publishing_gate
for each row execute function social_touch();
create trigger social_keep_gate before delete on social_publishing_gate
for each row execute function social_refuse_change();

create function social_audit_gate() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when new.paused_at is null then 'gate.opened' else 'gate.paused' end, null,
        '00000000-0000-0000-0000-000000000000', jsonb_strip_nulls(to_jsonb(new)));
    return null;
end
$$;
create trigger social_audit_gate after update on social_publishing_gate
for each row when (
    (old.paused_at, old.rate_limited_until) is distinct from (new.paused_at, new.rate_limited_until)
)
execute function social_audit_gate();

grant select on social_publishing_gate to socialpub_backoffice, socialpub_worker, socialpub_readonly;
grant update (paused_at, paused_by, pause_reason, rate_limited_until) on social_publishing_gate to socialpub_worker;
grant update (catch_up_from) on facebook_page_connections to socialpub_worker;
grant select (catch_up_from) on facebook_page_connections to socialpub_readonly, socialpub_backoffice;
-- So that a login without rights over the schema can tell whether it fits.
grant select on social_schema_version to socialpub_worker;
