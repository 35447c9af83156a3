-- One release later than later.sql, for drills before a release (STANDIN_RELEASE=next): what migrations usually do.
-- None of these is Apiary's own.

-- migration: 2027_01_10_000000_standin_create_badges_table
create table `standin_badges` (
  `id` bigint unsigned not null auto_increment,
  `team_id` int unsigned not null,
  `name` varchar(255) not null,
  primary key (`id`),
  constraint `standin_badges_team_id_foreign` foreign key (`team_id`) references `teams` (`id`)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;
insert into `standin_badges` (`team_id`, `name`) select `id`, concat('Member of ', `name`) from `teams`;

-- migration: 2027_01_11_000000_standin_add_note_to_travel_table
alter table `travel` add `standin_note` varchar(255) not null default 'none';

-- migration: 2027_01_12_000000_standin_upper_case_schools
update `majors` set `school` = upper(`school`);

-- migration: 2027_01_13_000000_standin_add_archived_at_to_notification_templates_table
-- A table that the documented procedure leaves out of the backup: it has to have the structure of the backup's own version before.
alter table `notification_templates` add `standin_archived_at` timestamp null default null;

-- migration: 2027_01_14_000000_standin_widen_location_of_events
alter table `events` modify `location` varchar(500) default null;
