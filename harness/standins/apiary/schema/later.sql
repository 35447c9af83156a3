-- The migrations after the stored schema, in the order in which they run: Apiary's own names and what each
-- one does to the tables. A migration starts at "-- migration: NAME" and ends at the next one.
-- "-- grant PERMISSION: ROLE …" makes the permission, and the roles, where they are missing and grants it;
-- "-- revoke PERMISSION: ROLE …" takes it away; "-- forget PERMISSION" deletes it.
-- Source of the facts: RoboJackets/apiary at 354ae4ba, database/migrations; those of Nova by what they leave in the database.

-- migration: 2016_06_01_000001_create_oauth_auth_codes_table
create table `oauth_auth_codes` (
  `id` varchar(100) not null,
  `user_id` bigint unsigned not null,
  `client_id` char(36) not null,
  `scopes` text,
  `revoked` tinyint(1) not null,
  `expires_at` datetime default null,
  primary key (`id`),
  key `oauth_auth_codes_user_id_index` (`user_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2016_06_01_000002_create_oauth_access_tokens_table
create table `oauth_access_tokens` (
  `id` varchar(100) not null,
  `user_id` bigint unsigned default null,
  `client_id` char(36) not null,
  `name` varchar(255) default null,
  `scopes` text,
  `revoked` tinyint(1) not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `expires_at` datetime default null,
  primary key (`id`),
  key `oauth_access_tokens_user_id_index` (`user_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2016_06_01_000003_create_oauth_refresh_tokens_table
create table `oauth_refresh_tokens` (
  `id` varchar(100) not null,
  `access_token_id` varchar(100) not null,
  `revoked` tinyint(1) not null,
  `expires_at` datetime default null,
  primary key (`id`),
  key `oauth_refresh_tokens_access_token_id_index` (`access_token_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2016_06_01_000004_create_oauth_clients_table
create table `oauth_clients` (
  `id` char(36) not null,
  `user_id` bigint unsigned default null,
  `name` varchar(255) not null,
  `secret` varchar(100) default null,
  `provider` varchar(255) default null,
  `redirect` text not null,
  `personal_access_client` tinyint(1) not null,
  `password_client` tinyint(1) not null,
  `revoked` tinyint(1) not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`id`),
  key `oauth_clients_user_id_index` (`user_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2016_06_01_000005_create_oauth_personal_access_clients_table
create table `oauth_personal_access_clients` (
  `id` bigint unsigned not null auto_increment,
  `client_id` char(36) not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2019_11_21_000000_change_action_event_ids_to_strings
alter table `action_events`
  modify `user_id` varchar(36) not null,
  modify `actionable_id` varchar(36) not null,
  modify `target_id` varchar(36) not null,
  modify `model_id` varchar(36) default null;

-- migration: 2021_05_15_121109_create_travel_table
create table `travel` (
  `id` bigint unsigned not null auto_increment,
  `name` varchar(255) not null,
  `destination` varchar(255) not null,
  `primary_contact_user_id` int unsigned not null,
  `departure_date` date not null,
  `return_date` date not null,
  `fee_amount` int unsigned not null,
  `included_with_fee` longtext not null,
  `not_included_with_fee` longtext,
  `documents_required` longtext,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `deleted_at` timestamp null default null,
  primary key (`id`),
  unique key `travel_name_unique` (`name`),
  key `travel_primary_contact_user_id_foreign` (`primary_contact_user_id`),
  constraint `travel_primary_contact_user_id_foreign` foreign key (`primary_contact_user_id`) references `users` (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2021_05_15_122154_create_travel_assignments_table
create table `travel_assignments` (
  `id` bigint unsigned not null auto_increment,
  `user_id` int unsigned not null,
  `travel_id` bigint unsigned not null,
  `documents_received` tinyint(1) not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `deleted_at` timestamp null default null,
  primary key (`id`),
  key `travel_assignments_user_id_foreign` (`user_id`),
  constraint `travel_assignments_user_id_foreign` foreign key (`user_id`) references `users` (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2021_05_15_135936_add_manage_travel_permission
-- grant manage-travel: admin officer project-manager

-- migration: 2021_06_06_161351_remove_api_tokens
-- forget read-users-api_token
alter table `users` drop column `api_token`;

-- migration: 2021_08_18_153109_make_rank_order_nullable_for_class_standings
alter table `class_standings` modify `rank_order` int default null;

-- migration: 2021_08_25_193039_create_nova_notifications_table
create table `nova_notifications` (
  `id` char(36) not null,
  `type` varchar(255) not null,
  `notifiable_type` varchar(255) not null,
  `notifiable_id` bigint unsigned not null,
  `data` text not null,
  `read_at` timestamp null default null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`id`),
  key `nova_notifications_notifiable_type_notifiable_id_index` (`notifiable_type`, `notifiable_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2021_10_13_145044_remove_unique_constraint_from_receipt_number
alter table `payments` drop index `payments_receipt_number_unique`;

-- migration: 2022_01_14_151026_add_travel_authority_request_fields_to_travel
alter table `travel`
  add `tar_required` tinyint(1) default null,
  add `tar_transportation_mode` json default null,
  add `tar_itinerary` varchar(255) default null,
  add `tar_purpose` varchar(255) default null,
  add `tar_airfare` int unsigned default null,
  add `tar_other_trans` int unsigned default null,
  add `tar_lodging` int unsigned default null,
  add `tar_mileage` int unsigned default null,
  add `tar_registration` int unsigned default null;

-- migration: 2022_01_14_153509_add_travel_authority_request_fields_to_travel_assignments
alter table `travel_assignments` add `tar_received` tinyint(1) not null default '0';

-- migration: 2022_01_14_162824_add_default_values_for_travel_assignments
alter table `travel_assignments` modify `documents_received` tinyint(1) not null default '0';

-- migration: 2022_01_15_113951_drop_mileage_column_from_travel
alter table `travel` drop column `tar_mileage`;

-- migration: 2022_01_22_154556_add_refund_payment_permission
-- grant refund-payments:

-- migration: 2022_02_05_162204_add_accounting_fields_to_travel
alter table `travel`
  add `tar_project_number` varchar(255) default null,
  add `tar_account_code` varchar(255) default null;

-- migration: 2022_04_26_000000_add_fields_to_nova_notifications_table
alter table `nova_notifications` add `deleted_at` timestamp null default null;

-- migration: 2022_05_07_104056_add_people_counter_id_to_attendance
alter table `attendance` add `people_counter_id` int unsigned default null;

-- migration: 2022_05_15_123358_add_index_to_payments_table
alter table `payments` add index `payments_payable_type_payable_id_index` (`payable_type`, `payable_id`);

-- migration: 2022_05_15_123930_add_indices_to_attendance_table
alter table `attendance`
  add index `attendance_attendable_type_attendable_id_index` (`attendable_type`, `attendable_id`),
  add index `attendance_gtid_index` (`gtid`);

-- migration: 2022_05_20_231319_drop_cost_from_events
alter table `events` drop column `cost`;

-- migration: 2022_05_20_232218_drop_docs_required_from_travel
alter table `travel` drop column `documents_required`;
alter table `travel_assignments` drop column `documents_received`;

-- migration: 2022_05_30_171006_add_url_and_headers_to_webhook_calls
alter table `webhook_calls` add `url` varchar(255) default null, add `headers` json default null;

-- migration: 2022_05_31_185124_drop_personal_email_and_slack_id_from_users
alter table `users` drop column `personal_email`, drop column `slack_id`;

-- migration: 2022_06_04_104801_add_impersonate_users_permission
-- grant impersonate-users:

-- migration: 2022_06_05_160715_add_email_suppression_reason_to_users
alter table `users` add `email_suppression_reason` varchar(255) default null;

-- migration: 2022_06_07_183212_add_receipt_sent_column_to_payments
alter table `payments` add `receipt_sent` tinyint(1) not null default '0';

-- migration: 2022_06_10_165202_create_docusign_envelopes_table
create table `docusign_envelopes` (
  `id` bigint unsigned not null auto_increment,
  `signed_by` int unsigned not null,
  `url` varchar(255) default null,
  `envelope_id` varchar(255) default null,
  `signable_type` varchar(255) not null,
  `signable_id` bigint unsigned not null,
  `complete` tinyint(1) not null default '0',
  `membership_agreement_filename` varchar(255) default null,
  `travel_authority_filename` varchar(255) default null,
  `direct_bill_airfare_filename` varchar(255) default null,
  `covid_risk_filename` varchar(255) default null,
  `summary_filename` varchar(255) default null,
  `signer_ip_address` varchar(255) default null,
  `sent_at` datetime default null,
  `viewed_at` datetime default null,
  `signed_at` datetime default null,
  `completed_at` datetime default null,
  `deleted_at` timestamp null default null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`id`),
  key `docusign_envelopes_signable_type_signable_id_index` (`signable_type`, `signable_id`),
  key `docusign_envelopes_signed_by_foreign` (`signed_by`),
  constraint `docusign_envelopes_signed_by_foreign` foreign key (`signed_by`) references `users` (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2022_06_11_185938_make_payload_large_text_on_webhook_calls
alter table `webhook_calls` modify `payload` longtext not null;

-- migration: 2022_06_12_125310_add_view_docusign_envelopes_permission
-- grant view-docusign-envelopes: admin officer

-- migration: 2022_06_16_221823_add_sent_by_to_docusign_envelopes
alter table `docusign_envelopes`
  add `sent_by` int unsigned default null,
  add constraint `docusign_envelopes_sent_by_foreign` foreign key (`sent_by`) references `users` (`id`);

-- migration: 2022_06_18_205223_add_completion_email_sent_column_to_travel
alter table `travel` add `completion_email_sent` tinyint(1) not null default '0';

-- migration: 2022_06_26_131552_add_url_to_payments_table
alter table `payments` add `url` varchar(255) default null;

-- migration: 2022_07_01_135148_add_self_service_override_eligibility_to_teams
alter table `teams` add `self_service_override_eligible` tinyint(1) not null default '0';

-- migration: 2022_08_13_163048_add_georgia_tech_employment_information_to_users
alter table `users`
  add `employee_id` int unsigned default null,
  add `employee_home_department` varchar(255) default null,
  add unique `users_employee_id_unique` (`employee_id`);

-- migration: 2022_12_14_231443_add_merchandise_distributable_field
alter table `merchandise` add `distributable` tinyint(1) not null default '0';
update `merchandise` set `distributable` = `name` not like '%waive%';

-- migration: 2023_01_15_141511_remove_autodesk_and_middle_name_from_users
alter table `users`
  drop index `users_autodesk_email_unique`,
  drop column `autodesk_email`,
  drop column `autodesk_invite_pending`,
  drop column `middle_name`;

-- migration: 2023_02_11_172857_add_international_columns_to_travel
alter table `travel`
  add `is_international` tinyint(1) not null default '0',
  add `export_controlled_technology` tinyint(1) default null,
  add `export_controlled_technology_description` text,
  add `embargoed_destination` tinyint(1) default null,
  add `embargoed_countries` text,
  add `biological_materials` tinyint(1) default null,
  add `biological_materials_description` text,
  add `equipment` tinyint(1) default null,
  add `equipment_description` text,
  add `international_travel_justification` text;

-- migration: 2023_02_26_112116_split_form_and_payment_completion_emails
alter table `travel`
  drop column `completion_email_sent`,
  add `payment_completion_email_sent` tinyint(1) not null default '0',
  add `form_completion_email_sent` tinyint(1) not null default '0';

-- migration: 2023_04_08_135218_add_authenticate_with_docusign_permission
-- grant authenticate-with-docusign:

-- migration: 2023_04_09_103518_add_docusign_tokens_to_users
alter table `users`
  add `docusign_access_token` text,
  add `docusign_access_token_expires_at` timestamp null default null,
  add `docusign_refresh_token` text,
  add `docusign_refresh_token_expires_at` timestamp null default null;

-- migration: 2023_04_09_141823_add_unique_index_for_docusign_envelope_id
alter table `docusign_envelopes` add unique `docusign_envelopes_envelope_id_unique` (`envelope_id`);

-- migration: 2023_04_09_145830_add_acknowledgement_sent_to_docusign_envelopes
alter table `docusign_envelopes` add `acknowledgement_sent` tinyint(1) not null default '0';

-- migration: 2023_05_06_143153_add_parent_guardian_fields_to_users
alter table `users`
  add `parent_guardian_name` varchar(255) default null,
  add `parent_guardian_email` varchar(255) default null;

-- migration: 2023_06_25_221237_remove_create_update_dues_transactions_permission_from_officers
-- revoke create-dues-transactions: officer
-- revoke update-dues-transactions: officer

-- migration: 2023_07_04_162810_add_create_dues_packages_manually_permission_to_admins
-- grant create-dues-packages-manually: admin

-- migration: 2023_07_04_163205_remove_update_fiscal_years_permission_from_officers
-- revoke update-fiscal-years: officer

-- migration: 2023_07_05_034149_grant_read_teams_hidden_to_project_manager_and_team_lead_roles
-- grant read-teams-hidden: project-manager team-lead

-- migration: 2023_07_16_103215_make_gtdirguids_unique
alter table `users` add unique `users_gtdirguid_unique` (`gtDirGUID`);

-- migration: 2023_12_25_111312_add_matrix_itinerary_to_travel_assignments
alter table `travel_assignments` add `matrix_itinerary` json default null;

-- migration: 2023_12_26_120614_add_airfare_policy_to_travel
alter table `travel` add `airfare_policy` json default null;

-- migration: 2023_12_26_174218_add_update_travel_policy_permission
-- grant update-airfare-policy:

-- migration: 2023_12_28_124458_remove_read_payments_permission_from_team_lead_role
-- revoke read-payments: team-lead

-- migration: 2024_01_09_152454_add_grant_types_to_oauth_clients
alter table `oauth_clients` add `grant_types` json default null;

-- migration: 2024_01_12_170913_add_new_financial_fields_to_travel
alter table `travel`
  add `meal_per_diem` int unsigned default null,
  add `car_rental_cost` int unsigned default null,
  add `hotel_name` varchar(255) default null,
  add `department_number` varchar(255) default null;

-- migration: 2024_01_13_162550_add_requested_itinerary_to_docusign_envelopes
alter table `docusign_envelopes` add `itinerary_request_filename` varchar(255) default null;

-- migration: 2024_01_15_120434_add_forms_to_travel
alter table `travel` add `forms` json default null;

-- migration: 2024_01_15_143805_make_legacy_fields_nullable_on_travel
alter table `travel` modify `is_international` tinyint(1) default null;

-- migration: 2024_02_17_113400_add_approval_fields_to_travel
alter table `travel`
  add `status` varchar(255) not null,
  add `created_by_user_id` int unsigned default null,
  add constraint `travel_created_by_user_id_foreign` foreign key (`created_by_user_id`) references `users` (`id`);
update `travel` set `status` = 'complete';

-- migration: 2024_02_17_141728_add_approve_travel_permission_to_officers
-- grant approve-travel: admin officer

-- migration: 2024_02_24_155014_drop_slug_column_from_teams
alter table `teams` drop column `slug`;

-- migration: 2024_04_21_103914_add_passenger_name_list_columns_to_users
alter table `users`
  add `legal_middle_name` varchar(255) default null,
  add `legal_gender` varchar(255) default null,
  add `date_of_birth` date default null,
  add `delta_skymiles_number` varchar(255) default null;

-- migration: 2024_07_28_005414_add_provided_via_to_dues_transaction_merchandise
alter table `dues_transaction_merchandise` add `provided_via` varchar(255) default null after `provided_by`;
update `dues_transaction_merchandise` set `provided_via` = 'Historical dues import'
  where `provided_at` is not null and `provided_by` is null and `provided_via` is null;
update `dues_transaction_merchandise` set `provided_via` = if(`provided_at` = `updated_at`, 'Nova', 'Legacy web admin')
  where `provided_at` is not null and `provided_by` is not null and `provided_via` is null;

-- migration: 2024_09_08_203808_add_shared_device_role
-- grant create-attendance: shared-device
-- grant read-events: shared-device
-- grant read-teams: shared-device
-- grant read-teams-hidden: shared-device
-- grant read-users: shared-device

-- migration: 2024_09_22_161700_add_class_standings
insert ignore into `class_standings` (`name`, `rank_order`, `created_at`, `updated_at`) values
  ('jephs', -1, now(), now()), ('special', 0, now(), now()), ('freshman', 1, now(), now()),
  ('sophomore', 2, now(), now()), ('junior', 3, now(), now()), ('senior', 4, now(), now()),
  ('masters', 5, now(), now()), ('doctorate', 6, now(), now()), ('pe', 7, now(), now());

-- migration: 2025_02_28_195037_grant_update_merchandise_permission_to_officers
-- grant update-merchandise: officer

-- migration: 2025_09_29_203808_add_sponsor_table
create table `sponsors` (
  `id` bigint unsigned not null auto_increment,
  `name` varchar(255) not null,
  `end_date` datetime not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `deleted_at` timestamp null default null,
  primary key (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;
create table `sponsor_domains` (
  `id` bigint unsigned not null auto_increment,
  `domain_name` varchar(255) not null,
  `sponsor_id` bigint unsigned not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `deleted_at` timestamp null default null,
  primary key (`id`),
  key `sponsor_domains_sponsor_id_foreign` (`sponsor_id`),
  constraint `sponsor_domains_sponsor_id_foreign` foreign key (`sponsor_id`) references `sponsors` (`id`) on delete cascade
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2025_10_11_193800_create_sponsor_users_table
create table `sponsor_users` (
  `id` bigint unsigned not null auto_increment,
  `email` varchar(255) not null,
  `sponsor_id` bigint unsigned not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `deleted_at` timestamp null default null,
  primary key (`id`),
  key `sponsor_users_sponsor_id_foreign` (`sponsor_id`),
  constraint `sponsor_users_sponsor_id_foreign` foreign key (`sponsor_id`) references `sponsors` (`id`) on delete cascade
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2025_10_11_211352_create_one_time_passwords_table
create table `one_time_passwords` (
  `id` bigint unsigned not null auto_increment,
  `password` varchar(255) not null,
  `origin_properties` json default null,
  `expires_at` datetime not null,
  `authenticatable_type` varchar(255) not null,
  `authenticatable_id` bigint unsigned not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`id`),
  key `one_time_passwords_authenticatable_type_authenticatable_id_index` (`authenticatable_type`, `authenticatable_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2025_10_19_110604_add_phone_verified_to_users
alter table `users`
  add `phone_verified` tinyint(1) not null default '0' after `phone`,
  add `emergency_contact_phone_verified` tinyint(1) not null default '0' after `emergency_contact_phone`;

-- migration: 2025_10_21_113837_add_sponsor_permissions_to_officers
-- grant view-sponsors: officer admin
-- grant manage-sponsors: officer admin

-- migration: 2025_11_11_125516_drop_oauth_personal_access_clients_table
drop table if exists `oauth_personal_access_clients`;

-- migration: 2025_11_11_125739_update_oauth_clients_table_structure_for_passport_13
alter table `oauth_clients`
  add `owner_type` varchar(255) default null after `user_id`,
  add `owner_id` bigint unsigned default null after `owner_type`,
  add `redirect_uris` text after `provider`,
  add index `oauth_clients_owner_type_owner_id_index` (`owner_type`, `owner_id`);
update `oauth_clients` set `owner_id` = `user_id`, `owner_type` = if(`user_id` is null, null, 'App\\Models\\User'),
  `redirect_uris` = if(`redirect` = '', '[]', concat('["', replace(`redirect`, ',', '","'), '"]')),
  `grant_types` = coalesce(`grant_types`, '[]');
alter table `oauth_clients`
  drop index `oauth_clients_user_id_index`,
  drop column `user_id`,
  drop column `redirect`,
  drop column `personal_access_client`,
  drop column `password_client`,
  modify `redirect_uris` text not null,
  modify `grant_types` text not null;

-- migration: 2025_11_11_130724_create_oauth_device_codes_table
create table `oauth_device_codes` (
  `id` char(80) not null,
  `user_id` bigint unsigned default null,
  `client_id` char(36) not null,
  `user_code` char(8) not null,
  `scopes` text not null,
  `revoked` tinyint(1) not null,
  `user_approved_at` datetime default null,
  `last_polled_at` datetime default null,
  `expires_at` datetime default null,
  primary key (`id`),
  unique key `oauth_device_codes_user_code_unique` (`user_code`),
  key `oauth_device_codes_user_id_index` (`user_id`),
  key `oauth_device_codes_client_id_index` (`client_id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2025_11_26_162726_update_model_id_to_string_in_model_has_permissions_table
alter table `model_has_permissions` modify `model_id` varchar(255) not null;

-- migration: 2025_11_26_174119_update_model_id_to_nullable_in_action_events_table
alter table `action_events` modify `model_id` varchar(255) default null;

-- migration: 2026_01_24_130815_add_email_suppression_reason_to_sponsor_users_table
alter table `sponsor_users` add `email_suppression_reason` varchar(255) default null;

-- migration: 2026_01_24_153911_grant_event_permissions_to_project_manager_and_team_lead_roles
-- grant create-events: project-manager team-lead
-- grant read-events: project-manager team-lead
-- grant update-events: project-manager team-lead
-- grant update-events-own: project-manager team-lead

-- migration: 2026_02_08_111544_update_morph_types_in_action_events_table
update `action_events` set
  `actionable_type` = replace(`actionable_type`, 'App\\', 'App\\Models\\'),
  `target_type` = replace(`target_type`, 'App\\', 'App\\Models\\'),
  `model_type` = replace(`model_type`, 'App\\', 'App\\Models\\')
  where `actionable_type` not like 'App\\\\Models%';

-- migration: 2026_04_18_160855_create_resumes_table
create table `resumes` (
  `id` bigint unsigned not null auto_increment,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  `user_id` char(36) not null,
  primary key (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2026_07_19_153033_add_charged_off_at_to_travel_assignments_table
alter table `travel_assignments` add `charged_off_at` timestamp null default null after `tar_received`;

-- migration: 2026_08_06_190257_create_devices_table
create table `devices` (
  `serial_number` int unsigned not null,
  `manufacturer` tinytext not null,
  `model` tinytext not null,
  `hardware_version` tinytext not null,
  `bluetooth_firmware_version` tinytext not null,
  `bluetooth_software_version` tinytext not null,
  `bootloader_version` tinytext not null,
  `application_version` tinytext not null,
  `battery_percentage` tinyint unsigned not null,
  `last_seen_user_id` char(36) not null,
  `last_seen_at` timestamp not null,
  `last_seen_ip_address` varchar(45) not null,
  `created_at` timestamp null default null,
  `updated_at` timestamp null default null,
  primary key (`serial_number`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;

-- migration: 2026_08_07_191749_add_device_serial_number_to_attendance_table
alter table `attendance`
  add `device_serial_number` int unsigned default null,
  add constraint `attendance_device_serial_number_foreign` foreign key (`device_serial_number`)
    references `devices` (`serial_number`);
