revoke select on social_schema_version from socialpub_worker;
drop table social_publishing_gate;
drop function social_audit_gate();
alter table facebook_page_connections drop column catch_up_from;
