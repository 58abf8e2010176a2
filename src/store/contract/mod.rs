//! What every store must do, line by line of the traits' documentation. Each test takes a fresh
//! store; [`store_contract`] makes them tests of one implementation.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

pub(crate) mod added;
pub(crate) mod adjustments;
pub(crate) mod admin;
pub(crate) mod deliveries;
pub(crate) mod effects;
pub(crate) mod facts;
pub(crate) mod give;
pub(crate) mod ledger;
pub(crate) mod merges;
pub(crate) mod order;
pub(crate) mod outbox;
pub(crate) mod privacy;
pub(crate) mod reconcile;
pub(crate) mod rereading;
pub(crate) mod scores;

/// `store_contract!(open)`, where `open` is an `async fn() -> (SharedStore, guard)`: runs the
/// whole contract against the stores that it opens.
macro_rules! store_contract {
    ($open:path) => {
        $crate::store::contract::cases! { $open;
            deliveries: keeps_bodies_as_they_came,
            deliveries: claims_oldest_first_and_once,
            deliveries: claims_no_more_bytes_than_asked_for,
            deliveries: expired_leases_may_be_taken,
            deliveries: decoded_with_their_facts,
            deliveries: bodies_are_forgotten_but_not_parked_ones,
            deliveries: parked_deliveries_are_tried_again,
            deliveries: parked_items_are_kept_once,
            facts: activities_are_known_by_their_key,
            facts: a_webhook_knows_best_who_did_it,
            facts: the_newest_profile_wins,
            facts: what_was_asked_for_later_is_newer,
            facts: the_newest_membership_wins,
            facts: memberships_dirty_only_when_unwanted,
            facts: members_of_a_segment,
            facts: points_never_dirty,
            facts: foreign_points_log_makes_groups_suspect,
            facts: old_points_log_is_no_suspicion,
            facts: our_own_points_log_is_no_suspicion,
            facts: cursors_move_with_their_facts,
            merges: gone_until_resolved,
            merges: who_was_merged_away_does_not_live_on,
            merges: gone_put_off_come_last,
            merges: who_is_there_after_all_is_asked_about_no_more,
            merges: who_is_missed_by_us_alone_is_asked_about_later,
            merges: everything_moves_to_the_winner,
            merges: chains_are_followed,
            merges: a_losers_profile_and_points_go,
            merges: late_answers_name_former_winners,
            merges: erased_contacts_stay_gone,
            merges: a_deleted_loser_takes_its_winner_with_it,
            rereading: what_mautic_told_is_forgotten_and_told_again,
            rereading: another_person_by_a_known_id_is_noticed,
            rereading: contacts_may_have_been_dated_anew,
            rereading: another_row_by_a_known_id_is_noticed,
            rereading: another_page_by_a_known_id_is_noticed,
            rereading: a_date_far_ahead_lets_nobody_in,
            rereading: who_is_made_in_the_future_was_imported,
            rereading: nothing_is_done_for_the_lost,
            rereading: a_merge_into_a_lost_id_takes_nothing_away,
            rereading: a_late_answer_erases_nobody_told_of_since,
            rereading: what_is_told_before_the_person_is_kept,
            rereading: a_membership_that_was_ended_after_the_backup_is_there_again,
            rereading: merges_move_nothing_of_the_lost,
            rereading: the_highest_of_the_backup_is_not_lost,
            rereading: scored_anew_when_all_are,
            rereading: everything_wanted_is_looked_at_after_a_restore,
            rereading: the_erased_stay_so_after_a_restore,
            rereading: it_may_turn_out_not_to_be_restored,
            rereading: who_was_lost_takes_nobody_with_him,
            rereading: a_reread_of_choice_lets_nobody_in,
            rereading: who_was_erased_stays_so_if_mautic_has_him_again,
            rereading: no_raw_body_that_nobody_can_find_is_left,
            privacy: erasing_forgets_raw_bodies,
            privacy: erasing_spares_neighbours_bodies,
            privacy: a_delivery_without_facts_can_be_found,
            privacy: undecoded_bodies_go_when_they_are_decoded,
            privacy: parked_items_of_the_erased_go,
            privacy: items_understood_later_are_parked_no_more,
            privacy: the_erased_stay_gone_by_every_id,
            privacy: what_was_in_hand_does_not_come_back,
            privacy: the_erased_may_be_allowed_again,
            privacy: everything_held_is_told,
            ledger: a_merge_keeps_who_did_it,
            ledger: a_webhook_knows_best_who_did_it_then,
            ledger: merges_with_the_winner_of_then,
            ledger: a_merge_is_dated_by_who_tells_it_earliest,
            ledger: merges_of_the_erased_are_forgotten,
            ledger: points_that_are_not_ours_are_a_ledger,
            adjustments: adjustments_of_contacts_and_segments,
            adjustments: adjustments_make_dirty,
            adjustments: adjustments_of_wanted_segments_make_dirty,
            adjustments: adjustments_follow_merges_and_deletions,
            adjustments: segments_that_points_hang_on,
            scores: dirty_by_urgency_then_age,
            scores: leases_of_dirty_contacts,
            scores: a_change_meanwhile_keeps_the_contact_dirty,
            scores: an_older_commit_does_not_undo_a_newer,
            scores: commits_of_merged_or_erased_are_dropped,
            scores: snapshots_in_the_order_asked,
            scores: histories_stop_once_much_is_read,
            scores: time_makes_dirty,
            scores: another_plan_makes_dirty,
            scores: desired_values_follow_the_commit,
            outbox: pending_exactly_while_different,
            outbox: most_urgent_first_then_oldest_cause,
            outbox: one_holder_per_contact,
            outbox: a_worker_ends_its_own_leases,
            outbox: an_unfinished_write_is_looked_at,
            outbox: a_look_does_not_clear_what_was_told_meanwhile,
            outbox: the_least_urgency,
            outbox: failures_wait_and_count,
            outbox: parked_until_the_desired_value_changes,
            outbox: an_old_result_is_still_seen,
            outbox: causes_and_urgency_of_pending_intents,
            outbox: suspicion_during_a_write_stays,
            outbox: a_write_to_a_merged_away_id_is_in_doubt,
            outbox: looks_are_taken_over,
            outbox: when_something_is_due,
            reconcile: readings_are_taken_over,
            reconcile: comparing_changes_nothing,
            reconcile: what_was_written_since_is_newer,
            reconcile: what_may_still_take_effect_is_left,
            reconcile: points_that_were_asked_for_are_left,
            reconcile: ids_that_are_not_their_own_tell_nothing,
            reconcile: refused_values_of_some_are_tried_again,
            added: a_call_is_written_down_once,
            added: nothing_is_added_for_what_is_not_known_whole,
            added: what_the_log_says_was_added,
            added: what_is_told_of_main_points_serves_until_looked_at,
            added: a_row_that_turns_up_late_is_a_doubt,
            added: calls_move_with_a_merge,
            added: nothing_newer_is_written_before_an_older_call_is_over,
            added: who_lost_his_lease_knows_nothing_for_sure,
            added: a_restored_store_is_noticed,
            effects: effects_come_with_the_scores_that_fire_them,
            effects: effects_of_contacts_that_are_gone_never_come,
            effects: effects_in_order_and_once,
            effects: urgent_effects_first,
            effects: one_writer_of_intents_and_effects,
            effects: parked_intents_hold_up_no_effects,
            effects: effects_wait_only_for_their_own_lane,
            effects: started_effects_are_never_pending_again,
            effects: an_effect_ends_once,
            effects: an_administrator_tries_again,
            effects: old_effects_expire_unless_tried,
            effects: effects_follow_merges_and_deletions,
            effects: of_two_effects_of_a_crossing_the_begun_one_stays,
            effects: effects_are_listed_and_counted,
            added: after_a_restore_what_can_not_be_undone_is_left,
            admin: counts_what_there_is,
            admin: overview_of_a_contact,
            admin: writes_and_delays,
            admin: settings_and_plans,
            admin: probes,
        }

        #[test]
        fn any_order_of_facts_makes_the_same_journal() {
            $crate::store::contract::order::any_order($open);
        }
    };
}

macro_rules! cases {
    ($open:path; $($room:ident: $case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let (store, _guard) = $open().await;
            $crate::store::contract::$room::$case(store).await;
        }
    )+};
}

pub(crate) use {cases, store_contract};
