// The accounts half: who may do what, what it costs, and what has been answered before. It sees no book.
//
// Invariants:
//   1. Checks run in the contract's order; the first failure is the answer. What fails before the order is looked at
//      (shape, account, id, time, room) consumes nothing; what fails later is a REJECTED order and consumes its id.
//   2. Between a message in and the events out, sum(available + held) changes only by transfers.
//   3. An open order holds exactly what the hold formula says, after every message. On margin it holds nothing: it counts
//      in its position, by which the margin is measured.
//
// Threads: none; owned by one Core.
#pragma once

#include <optional>
#include <vector>

#include "children.hpp"
#include "margin_accounts.hpp"
#include "messages.hpp"
#include "phases.hpp"
#include "pricing.hpp"
#include "reasons.hpp"
#include "sweeps.hpp"
#include "triggers.hpp"

namespace exchange::engine {

class Accounts : private MarginAccounts {
 public:
  using MarginAccounts::MarginAccounts;
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  // What will be needed soon, told to come nearer.
  void expect_new(const PlaceOrder& command) const noexcept;

  // Before each command: lets old ids go.
  void advance(std::int64_t now_ns) noexcept { ids_.advance(now_ns); }

  [[nodiscard]] Answer open(const OpenAccount& command, Step& step);
  [[nodiscard]] AccountChange set(const AccountSettings& settings, Step& step);
  [[nodiscard]] Answer transfer(const Transfer& command, Step& step);
  [[nodiscard]] bool has_room_for_fees() const noexcept { return balances_.room() > 0; }
  // Makes the fee account ready to collect in an asset.
  void collect_fees_in(Slot asset) { balances_.obtain(kFeeAccount, asset, instruments_.asset(asset).asset_id); }
  // The accounts of an instrument on margin: is there room for them, and making them.
  [[nodiscard]] bool has_room_to_clear() const noexcept { return balances_.has_account_room() && balances_.room() >= 3; }
  void open_clearing(Slot instrument, std::uint64_t engine_seq);

  [[nodiscard]] Admission admit(const PlaceOrder& command, Step& step);
  [[nodiscard]] Reservation reserve(const PlaceOrder& command, const Admission& admission, const Quote& quote,
                                    Step& step);
  // The same for a plain order (place_plain.cpp): may it enter; it enters, and what it costs is held; it is remembered.
  [[nodiscard]] PlainPlace judge_plain(const PlaceOrder& command, std::int64_t now_ns) const noexcept;
  [[nodiscard]] Slot enter_plainly(const PlaceOrder& command, const PlainPlace& plain, Step& step);
  void conclude_plainly(const PlaceOrder& command, const PlainPlace& plain, Slot order, const Step& step) noexcept;
  [[nodiscard]] Place place_of(const PlaceOrder& command, Slot order) const noexcept;
  // All that speaks against an order: first what needs no instrument, which is answered, then the rest.
  [[nodiscard]] Slot judge_request(const PlaceOrder& command, const Step& step, ReasonList& out) const noexcept;
  void judge_terms(const PlaceOrder& command, Slot instrument, const Quote& quote, std::int64_t now_ns,
                   Judgement& out) const noexcept;

  // Pegged orders: where one stands that is to enter, and one that is open under a limit; where it stands now.
  [[nodiscard]] const Pegs& pegs() const noexcept { return pegs_; }
  [[nodiscard]] std::optional<std::int64_t> peg_price_of(const PlaceOrder& command, Slot instrument,
                                                         const PegPrices& best) const noexcept;
  [[nodiscard]] std::optional<std::int64_t> peg_price_of(Slot order, std::int64_t limit,
                                                         const PegPrices& best) const noexcept;
  [[nodiscard]] std::optional<std::int64_t> working_price(Slot order) const noexcept;
  [[nodiscard]] Answer refuse_unpriced(const PlaceOrder& command, const Admission& admission, Step& step);
  // The order enters at this price; it goes to another one, or to none, and its owner is told; it enters there again.
  [[nodiscard]] Place peg(const Place& place, std::int64_t price) noexcept;
  void peg(Slot order, std::optional<std::int64_t> price) noexcept;
  void restate_peg(Slot order, std::optional<std::int64_t> price, Step& step);
  [[nodiscard]] Place place_pegged_again(Slot order) const noexcept;

  // The same for orders that wait for a price. `has_room`: for the trigger.
  void judge_waiting(const PlaceOrder& command, Slot instrument, const WatchedPrices& prices, bool has_room,
                     std::int64_t now_ns, Judgement& out) const noexcept;

  // Orders that enter all or none. Are they the repeat of such, answered before?
  [[nodiscard]] bool are_repeated(std::span<const PlaceOrder> commands, const Step& step,
                                  std::vector<Entrant>& out) const;
  // The first check that one of them fails which needs no price of the book; and then the first of the rest: an order
  // that fails none takes what it can cost from those checked after it, until `unclaim`.
  [[nodiscard]] Reason check_together(const PlaceOrder& command, bool repeats_id, Step& step, Admission& out) const;
  // Legs of a pair take nothing from each other.
  [[nodiscard]] Reason claim(const PlaceOrder& command, const Entrant& entrant, LinkType link);
  [[nodiscard]] std::uint32_t claimed() const noexcept { return claims_.orders(); }
  void unclaim() noexcept {
    claims_.give_back(balances_, positions_);
    shared_ = {};
  }
  // An order that was checked so is in, with what it costs reserved; nobody is told yet.
  void enter_together(const PlaceOrder& command, Entrant& entrant, Step& step);
  // The same for the second leg of a pair: both hold the larger of what they need, once.
  void enter_linked(const PlaceOrder& command, Entrant& entrant, Slot first, LinkType type, Step& step);
  // The first of a group is the parent of those that come after it; `is_fed`: the child has to back nothing.
  void lead(Slot parent, LinkType type) noexcept;
  void enter_child(const PlaceOrder& command, Entrant& entrant, Slot parent, Step& step);
  [[nodiscard]] Pricing price_child(const PlaceOrder& command, Slot instrument,
                                    const WatchedPrices& prices) const noexcept;
  // A buy that is paid in full and is to trail once it is active: until then nobody knows what it can cost.
  [[nodiscard]] bool has_unbounded_child(const PlaceOrderGroup& command) const noexcept;
  // Which of the orders of a group are fed by the first.
  void find_fed(std::span<const PlaceOrder> orders, LinkType link, std::vector<Entrant>& out) const noexcept;

  // Parents that have something for their children, or may have.
  [[nodiscard]] bool has_stirred() const noexcept { return !stirred_.empty(); }
  // The first of them in order of entry whose children can take it now, or kNil. It is stirred no more.
  [[nodiscard]] Slot next_to_pass_on() noexcept;
  [[nodiscard]] bool has_to_pass_on() const noexcept;
  // The children that are open, in order of entry.
  [[nodiscard]] Children children_of(const OrderRecord& parent) const noexcept;
  // Has an exit of a bracket traded all that it was given?
  [[nodiscard]] bool has_left(const OrderRecord& parent) const noexcept;
  // Is it a child that begins to trail with what it is given first? It begins; false if at these prices it cannot.
  [[nodiscard]] bool is_to_trail(Slot child) const noexcept;
  [[nodiscard]] bool trail_from_now(Slot child, const WatchedPrices& prices) noexcept;
  // What the children get; the parent has passed it on.
  [[nodiscard]] std::int64_t pass_on(Slot parent) noexcept;
  // Gives a child so much more; nothing follows the last. Then its owner is told.
  void give(Slot child, std::int64_t quantity, bool last) noexcept;
  void tell_given(Slot child, std::int64_t quantity, Step& step);
  // How a child enters the book, unless it ended.
  [[nodiscard]] std::optional<Place> enter_active(Slot child, const Quote& quote, Step& step);
  // The parent leads no more.
  void disband(Slot parent) noexcept;

  // The other leg of a pair, while it is open.
  [[nodiscard]] Slot other_open_leg(const OrderRecord& order) const noexcept;
  // Fills whose links have not acted, in their order.
  [[nodiscard]] bool has_linked_fills() const noexcept { return !linked_fills_.empty(); }
  [[nodiscard]] LinkedFill take_linked_fill() noexcept;
  // Positions that changed and have orders that only reduce them, in order; of such a position, the orders outside the
  // books that are larger than what there is to close.
  [[nodiscard]] bool has_shrunk() const noexcept { return !shrunk_.empty(); }
  [[nodiscard]] Slot take_shrunk() noexcept;
  void collect_too_large(Slot position, std::vector<Slot>& out) const;
  [[nodiscard]] bool reduces(const OrderRecord& order) const noexcept;
  // An order that entered with others may have less to close in its turn; false if there is nothing.
  [[nodiscard]] bool clamp_in_turn(Slot order, Place& place) noexcept;
  void act_on_link(const LinkedFill& fill, Step& step);
  // How it meets the book when its turn comes.
  void meet(Place& place, const Quote& quote) noexcept {
    if (orders_[place.owner].special != kNil) work_special_terms(orders_[place.owner], quote, place);
  }
  [[nodiscard]] Reason check_post_only(const PlaceOrder& command, Slot instrument, const Quote& quote) const noexcept;

  // An order that waits for a price, reserved for likewise. `has_room`: for its trigger.
  [[nodiscard]] Waiting reserve_waiting(const PlaceOrder& command, const Admission& admission,
                                        const WatchedPrices& prices, bool has_room, Step& step);
  [[nodiscard]] Trigger trigger_of(Slot order) const noexcept;
  [[nodiscard]] Pricing price_waiting(const PlaceOrder& command, Slot instrument,
                                      const WatchedPrices& prices) const noexcept;
  // It is accepted, though it stands nowhere yet.
  void accept(Slot order, Step& step);
  // It waits from here on, under this handle of its trigger.
  void begin_waiting(Slot order, Slot trigger, Step& step);
  // It trails, if it is to, from this price on.
  void begin_to_trail(Slot order, std::int64_t watermark) noexcept;
  // Its trigger trails, and stands here now; it is told if it was not.
  void follow(Slot order, const Trigger& trigger) noexcept;
  void tell_trail(Slot order, const Trigger& trigger, Step& step);
  void wait_again(Slot order, Slot trigger) noexcept { orders_[order].book_slot = trigger; }
  [[nodiscard]] Inquiry inquiry_of(Slot order) const noexcept {
    const OrderView& view = orders_[order].view;
    const bool market = !has_limit(view.type);
    return {orders_[order].instrument, view.side, !market && may_rest(view.time_in_force), market};
  }
  // Its trigger came true: how it enters the book, unless it ended.
  [[nodiscard]] std::optional<Place> activate(Slot order, const Quote& quote, Step& step);

  // After the books' messages: remembers the first answer.
  [[nodiscard]] Answer conclude(const PlaceOrder& command, Slot order, Step& step);

  [[nodiscard]] Cancellation find_to_cancel(const CancelOrder& command, Step& step);
  [[nodiscard]] Answer conclude(const CancelOrder& command, Slot order, Reason reason, Step& step);
  // The order to cancel if that is plain (cancel_plain.cpp), or kNil.
  [[nodiscard]] Slot judge_plain(const CancelOrder& command, std::int64_t now_ns) const noexcept;

  [[nodiscard]] Amendment find_to_amend(const AmendOrder& command, Step& step);
  // Takes the new terms and reserves for them, unless the quote or the funds forbid it.
  [[nodiscard]] std::optional<Answer> amend(const AmendOrder& command, Amend& amend, const Quote& quote, Step& step);
  [[nodiscard]] Answer conclude(const AmendOrder& command, Slot order, Reason reason, Step& step);
  // The two for a plain order (amend_plain.cpp).
  [[nodiscard]] PlainAmend judge_plain(const AmendOrder& command, std::int64_t now_ns) const noexcept;
  void amend_plainly(const PlainAmend& amend, Step& step);
  // The same for an order that waits for a price; the check completes what the amend comes to.
  [[nodiscard]] Reason check_amend_waiting(const AmendOrder& command, Amend& amend,
                                           const WatchedPrices& prices) const noexcept;
  void amend_waiting(const AmendOrder& command, const Amend& amend, Step& step);

  [[nodiscard]] MassCancellation begin_mass_cancel(const MassCancel& command, Step& step);
  [[nodiscard]] MassCancelTask mass_cancel_of(Slot account, const OrderFilter& filter, MassCancelCause cause,
                                              const Step& step) const noexcept;
  // Numbers of the first `most` orders that the task means; true if it means more.
  [[nodiscard]] bool collect_matching(const MassCancelTask& task, std::size_t most,
                                      std::vector<std::uint64_t>& out) const;
  // How an order leaves, unless it has ended.
  [[nodiscard]] std::optional<Remove> removal(std::uint64_t order_id, MassCancelCause cause) const noexcept;
  void tell_done(const MassCancelTask& task, Step& step);
  [[nodiscard]] Answer conclude(const MassCancel& command, Reason reason, std::uint32_t cancelled, Step& step);
  [[nodiscard]] MassCancels& mass_cancels() noexcept { return mass_cancels_; }

  // Trades that are taken back: the first answer to a bust, or why it cannot be under that number; what speaks against
  // it; its beginning; the orders that go next, if any; what it moves once they are gone.
  [[nodiscard]] std::optional<Answer> find_bust(const BustedTrade& trade, const Step& step) const noexcept;
  [[nodiscard]] Reason check_bust(const BustedTrade& trade, Slot instrument, bool has_traded,
                                  const Step& step) const noexcept;
  void begin_bust(const BustedTrade& trade, Slot instrument, const Step& step);
  [[nodiscard]] std::optional<MassCancelTask> cancels_of(const BustTask& task) const noexcept;
  void take_back(const BustTask& task, Step& step);
  [[nodiscard]] const Busts& busts() const noexcept { return busts_; }
  [[nodiscard]] Busts& busts() noexcept { return busts_; }

  // Securities that settle after the trade: what an account is to receive of an asset, and a delivery to one record.
  [[nodiscard]] Unsettled& unsettled() noexcept { return unsettled_; }
  [[nodiscard]] const Unsettled& unsettled() const noexcept { return unsettled_; }
  [[nodiscard]] std::int64_t unsettled(Slot account, Slot asset) const {
    return unsettled_.of(account, asset, instruments_);
  }
  void deliver(Slot record, std::uint32_t value_date, Step& step);
  [[nodiscard]] bool resume_deliveries(const Sweeps& sweeps) noexcept;

  [[nodiscard]] Answer cancel_all_after(const CancelAllAfter& command, Step& step);
  // The account's timer that is due first; it is armed no more.
  [[nodiscard]] MassCancelTask fire_cancel_all_after(Step& step);

  [[nodiscard]] Answer open_session(const OpenSession& command, Step& step);
  [[nodiscard]] Answer keep_gateway(const KeepGateway& command, Step& step);
  [[nodiscard]] Answer end_session(const EndSession& command, Step& step);
  // Gives everything that waits to be heard from its time anew.
  void lead_anew(const Step& step) noexcept { sessions_.lead_anew(step.stamp.time_ns); }
  // Runs the timer that is due first among those of sessions and gateways; answers what a lost session cancels.
  [[nodiscard]] std::optional<MassCancelTask> run_session_timer(Step& step);

  // Is there anything to do before a command at this time?
  [[nodiscard]] bool has_due(std::int64_t now_ns) const noexcept {
    return next_timer().due_ns <= now_ns || mass_cancels_.has_unfinished();
  }
  // The timer that is due first; never, if none is set.
  [[nodiscard]] Timer next_timer() const noexcept;
  // The removal of the order whose time to expire comes first, and of the one that is the oldest.
  [[nodiscard]] Remove expire_reached() const noexcept;
  [[nodiscard]] Remove expire_oldest() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const noexcept;

  // How an order leaves its place of rest.
  [[nodiscard]] Remove removal_of(Slot order, OrderStatus status, EndReason reason) const noexcept;
  // The removal of the oldest order that waits for an uncross of `instrument`, but for those that fit one of `kind`.
  [[nodiscard]] std::optional<Remove> auction_remainder(Slot instrument, AuctionKind kind) const noexcept;

  void settle(const BookMessage& message, Step& step);
  void settle(const Release& message, Step& step) { on(message, step); }

  // What operators do to positions. The next positions of a sweep that are not zero, of at most so many; how many were
  // looked at.
  [[nodiscard]] std::uint32_t collect_positions(Sweep& sweep, std::uint32_t most, std::vector<Slot>& out) const;
  void settle_position(Slot position, std::int64_t price, Step& step);
  void roll_position(Slot position, std::int64_t long_price, std::int64_t short_price, Step& step);
  void expire_position(Slot position, std::int64_t final_price, Step& step);
  void keep_residue(Slot instrument, Step& step);
  // Do the sweeps of a saved state, deliveries apart, fit the instruments and the positions?
  [[nodiscard]] bool can_go_on(const Sweeps& sweeps) const noexcept;
  // Numbers of the first `most` open orders of an instrument; true if there are more.
  [[nodiscard]] bool collect_orders_of(Slot instrument, std::uint32_t most, std::vector<std::uint64_t>& out) const;
  [[nodiscard]] std::optional<Remove> removal_at_expiry(std::uint64_t order_id) const noexcept;

  // Liquidations: who, how far, against whom (margin_accounts.hpp); the order that reduces a position enters, and what
  // it costs besides.
  using MarginAccounts::liquidations, MarginAccounts::suspect, MarginAccounts::collect_holders,
      MarginAccounts::is_short_of_margin, MarginAccounts::begin_liquidation, MarginAccounts::begin_deleveraging,
      MarginAccounts::end_liquidation, MarginAccounts::next_to_close, MarginAccounts::has_room_to_reduce,
      MarginAccounts::reduction_of, MarginAccounts::bearable_price, MarginAccounts::rank, MarginAccounts::are_opposite,
      MarginAccounts::deleverage;
  [[nodiscard]] Place begin_reduction(const PlaceOrder& command, const Admission& admission, const Quote& quote,
                                      const Pricing& pricing, const Step& step) noexcept;
  void conclude_reduction(Slot order, Step& step);

  // The first answer to an exercise, or what forbids to look further.
  [[nodiscard]] Answer find_exercised(const ExerciseOption& command, const Step& step) const noexcept;
  [[nodiscard]] Reason check_exercise(const ExerciseOption& command, Slot account) const noexcept;
  [[nodiscard]] Sweep exercise_of(const ExerciseOption& command, Slot account) const noexcept;
  void collect_assigned(const Sweep& sweep, std::uint32_t most, std::vector<Slot>& out) const;
  // Exercises against these shorts as far as they go; answers how many were assigned.
  [[nodiscard]] std::uint32_t assign(Sweep& sweep, const std::vector<Slot>& shorts, Step& step);
  [[nodiscard]] Answer conclude(const ExerciseOption& command, Reason reason, const Step& step) noexcept;

  [[nodiscard]] const Balances& balances() const noexcept { return balances_; }
  [[nodiscard]] const Positions& positions() const noexcept { return positions_; }
  // Positions of an account that are not zero, by instrument.
  [[nodiscard]] std::vector<PositionChangeView> position_views(Slot account) const;
  [[nodiscard]] const Orders& orders() const noexcept { return orders_; }
  [[nodiscard]] const IdWindow& ids() const noexcept { return ids_; }
  [[nodiscard]] const Sessions& sessions() const noexcept { return sessions_; }

  void save(StateWriter& out) const;
  // `last_seq`: of the last command that was applied.
  [[nodiscard]] bool load(StateReader& in, std::uint64_t last_seq);
  // How an order of a saved state goes back into its book.
  [[nodiscard]] Place place_again(Slot order) const noexcept;
  // An order of a saved state is back in its book. Called in order of number.
  void restore_resting(const Rested& message) noexcept;
  [[nodiscard]] bool consistent() const;

 private:
  using MarginAccounts::tell;
  using MarginAccounts::view_of;

  void show_first_slice(const OrderRecord& order) noexcept;
  void show_less(const OrderRecord& order, std::int64_t quantity, bool rests) noexcept;
  void show_nothing(const OrderRecord& order) noexcept;
  void amend_display(const OrderRecord& order, const Amend& amend) noexcept;
  void begin_to_expire(const OrderRecord& order) noexcept;
  void expire_at(const OrderRecord& order, std::int64_t expire_time_ns) noexcept;
  [[nodiscard]] bool expiries_consistent() const;
  [[nodiscard]] bool pegs_consistent() const;
  [[nodiscard]] Slot find_trader(std::uint64_t account_id) const noexcept;
  template <class Body>
  [[nodiscard]] Request request_of(const Body& command, CommandKind kind) const noexcept {
    return {kind, find_trader(command.account_id), command.request_id, command.fingerprint, command.valid_until_ns};
  }
  [[nodiscard]] std::optional<Answer> check_id(Slot account, std::string_view id, std::uint64_t fingerprint,
                                               CommandKind kind, const Step& step) const noexcept;
  [[nodiscard]] Reason check_time(std::int64_t valid_until_ns, const Step& step) const noexcept;
  // Phase, grid, dates and session: what an order says against what its instrument and its account allow.
  [[nodiscard]] Reason check_terms(const PlaceOrder& command, Slot account, Slot instrument,
                                   const Step& step) const noexcept;
  // `beside`: orders of the same command that will take theirs.
  [[nodiscard]] bool has_room(const PlaceOrder& command, std::uint32_t beside = 0) const noexcept;
  // An account's order, by its number or by its owner's id.
  [[nodiscard]] Slot find_target(Slot account, std::uint64_t order_id, std::string_view client_order_id) const noexcept;
  [[nodiscard]] Reason check_cancel(Slot order) const noexcept;
  [[nodiscard]] bool matches(const MassCancelTask& task, const OrderRecord& order) const noexcept;
  [[nodiscard]] OrderFilterView view_of(const OrderFilter& filter) const noexcept;
  [[nodiscard]] std::int64_t next_age_limit_ns() const noexcept;
  [[nodiscard]] Reason check_amend(const AmendOrder& command, Slot order, std::int64_t now_ns) const noexcept;
  [[nodiscard]] Reason check_amended_funds(const OrderRecord& order, const Amend& amend,
                                           std::int64_t needed) const noexcept;
  [[nodiscard]] Reason check_terms(const OrderRecord& order, std::int64_t price, std::int64_t quantity,
                                   bool keeps_priority) const noexcept;
  // The answer to a request that is not the first under its id, or not in time.
  [[nodiscard]] std::optional<Answer> check_request(const Request& request, const Step& step) const noexcept;
  [[nodiscard]] Answer remember_request(const Request& request, Slot order, Reason reason, const Step& step,
                                        std::uint32_t cancelled = 0) noexcept;

  // The limits and the state of an account that `is_restricted`.
  [[nodiscard]] Reason check_size(Slot account, const Instrument& instrument, std::int64_t quantity,
                                  std::int64_t notional) const noexcept;
  [[nodiscard]] std::uint32_t max_open_orders(Slot account) const noexcept;
  [[nodiscard]] Trigger trigger_of(const PlaceOrder& command, Slot instrument) const noexcept;
  [[nodiscard]] static Reason check_trigger(Trigger& trigger, const WatchedPrices& prices) noexcept;
  // Worst price of an order without a limit that is triggered at `trigger_price`.
  [[nodiscard]] static std::int64_t protected_price(const Instrument& instrument, Side side,
                                                    std::int64_t trigger_price) noexcept;
  [[nodiscard]] static std::int64_t worst_price_of_waiting(const PlaceOrder& command, const Instrument& instrument,
                                                           const Trigger& trigger) noexcept;
  [[nodiscard]] std::int64_t hold_of(const OrderRecord& order, const Amend& amend) const noexcept;
  [[nodiscard]] Reason check_price_and_funds(const PlaceOrder& command, const Admission& admission,
                                             std::int64_t worst_price) const noexcept;
  [[nodiscard]] std::int64_t entry_hold(const PlaceOrder& command, const Account& account, Slot instrument,
                                        std::int64_t worst_price) const noexcept;
  [[nodiscard]] Slot enter(const PlaceOrder& command, Slot account, Slot instrument, const Step& step) noexcept;
  // Enters the order and holds what it can cost.
  [[nodiscard]] Reservation take(const PlaceOrder& command, const Admission& admission, const Quote& quote,
                                 const Pricing& pricing, const Step& step) noexcept;
  [[nodiscard]] Place hold(const PlaceOrder& command, Slot order, std::int64_t worst_price) noexcept;
  // The balances that the order gives and takes.
  void find_balances(OrderRecord& order) noexcept;
  // What the special terms of an order mean for its entry.
  void work_special_terms(const OrderRecord& order, const Quote& quote, Place& place) noexcept;
  void move(const OrderRecord& order, std::optional<std::int64_t> working_price, std::int64_t& limit) noexcept;
  [[nodiscard]] static std::optional<std::int64_t> behind(const Instrument& instrument, Side side,
                                                          std::int64_t best) noexcept;
  void judge_cost(const PlaceOrder& command, Slot instrument, std::int64_t worst, bool has_quantity,
                  Judgement& out) const noexcept;
  // What it would cost an account that can pay with what its instrument asks for.
  [[nodiscard]] std::optional<OrderCostView> cost_of(const PlaceOrder& command, Slot account, Slot instrument,
                                                     std::int64_t worst) const noexcept;
  // Where a post-only order that would take goes instead, if it is to be moved.
  [[nodiscard]] std::optional<std::int64_t> reprice(const OrderRecord& order, std::int64_t limit,
                                                    const Quote& quote) const noexcept {
    if (order.special == kNil) [[likely]] return {};
    return reprice_special(order, limit, quote);
  }
  [[nodiscard]] std::optional<std::int64_t> reprice_special(const OrderRecord& order, std::int64_t limit,
                                                            const Quote& quote) const noexcept;
  [[nodiscard]] Answer reject(const PlaceOrder& command, Slot account, Slot instrument, Reason reason, Step& step);
  [[nodiscard]] Answer remember(const IdEntry& entry, std::string_view id) noexcept;
  [[nodiscard]] Reason apply_transfer(const Transfer& command, Slot account, Slot asset) const;
  void book_transfer(const Transfer& command, Slot account, Slot asset, Step& step);

  void on(const Accepted& message, Step& step);
  void on(const Refused& message, Step& step);
  void on(const Fill& message, Step& step);
  void on(const Prevented& message, Step& step);
  void on(const Release& message, Step& step);
  void on(const Rested& message, Step& step);
  void on(const Refreshed& message, Step& step);
  void on(const Reduced& message, Step& step);

  void lose_session(Slot session, SessionLoss loss, std::int64_t lost_ns, Step& step);
  void tell(const Session& session, SessionState state, std::int64_t due_ns, Step& step);

  void report_self_trade(const OrderRecord& maker, const OrderRecord& taker, const Fill& message, Step& step);
  // Books a fill on an order and tells its owner; answers the fee.
  std::int64_t fill(Slot order, const Fill& message, Liquidity liquidity, Step& step);
  void settle_buyer(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step);
  void settle_seller(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step);
  void collect_fee(const Instrument& instrument, std::int64_t fee, std::uint64_t trade_id, Step& step);
  void decrement(Slot order, std::int64_t quantity, bool rests, Step& step);

  // Instruments on margin. A position as it is, and as an order of this side would make it.
  struct Exposing {
    Position before;
    Position after;
    Side side{};
    bool reduces = false;
  };
  [[nodiscard]] Exposing exposing(const PlaceOrder& command, Slot account, Slot instrument,
                                  std::int64_t worst_price) const noexcept;
  // All that speaks against it, and the first of that.
  void judge_exposure(const Exposing& wanted, ReasonList& out) const noexcept;
  [[nodiscard]] Reason check_exposure(const Exposing& wanted) const noexcept;
  void judge_reducing(const Exposing& wanted, ReasonList& out) const noexcept;
  [[nodiscard]] std::int64_t closable(Slot account, Slot instrument, Side side) const noexcept;
  [[nodiscard]] PlaceOrder clamped(const PlaceOrder& command, Slot account, Slot instrument) const noexcept;
  [[nodiscard]] Exposed exposed(const OrderRecord& order) const noexcept;
  [[nodiscard]] Exposed exposed_with_pair(const OrderRecord& order) const noexcept;
  [[nodiscard]] Exposed exposed(const PlaceOrder& command, Slot account, Slot instrument,
                                std::int64_t worst_price) const noexcept;
  void begin_to_reduce(Slot order) noexcept;
  void end_reducing(const OrderRecord& order) noexcept;
  [[nodiscard]] bool reducing_consistent() const;
  [[nodiscard]] bool is_within_limits(const Exposing& wanted) const noexcept;
  [[nodiscard]] std::optional<OrderCostView> margin_cost_of(const Exposing& wanted, OrderCostView cost) const noexcept;
  [[nodiscard]] bool has_margin_for(const Exposing& wanted) const noexcept;
  [[nodiscard]] Reason check_amended_exposure(const OrderRecord& order, const Amend& amend) const noexcept;
  [[nodiscard]] bool is_covered_at_trigger(const OrderRecord& order) const noexcept;
  // Of what is available, what no margin needs; nothing of an account that is liquidated.
  [[nodiscard]] std::int64_t spendable(Slot account, Slot asset) const noexcept;
  [[nodiscard]] bool has_clearing() const noexcept;
  [[nodiscard]] bool is_counted_before(const OrderRecord& order) const noexcept;
  [[nodiscard]] bool recount() noexcept;
  [[nodiscard]] bool positions_consistent() const;
  void enter_position(OrderRecord& order) noexcept;
  // Adds what an open order exposes to its position, or takes it away again, before it changes.
  void count(const OrderRecord& order) noexcept { expose(order, 1); }
  void discount(const OrderRecord& order) noexcept { expose(order, -1); }
  void expose(const OrderRecord& order, std::int64_t sign) noexcept;
  // Books the position, the result and the fee of a fill on the order that it filled.
  void settle_on_margin(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step);
  void settle_later(const OrderRecord& buyer, const OrderRecord& seller, const Fill& message) noexcept;
  [[nodiscard]] std::int64_t transferable(Slot account, Slot asset) const;
  [[nodiscard]] bool unsettled_consistent() const;
  void give_fee_back(BustSide& side, const BustedTrade& trade, Slot instrument, Step& step);
  void deliver_back(BustSide& buyer, BustSide& seller, const BustedTrade& trade, Slot instrument, Step& step);
  std::int64_t move_back(Slot to, Slot from, Slot asset, std::int64_t amount, const BustedTrade& trade, Step& step);
  void trade_back(Slot bought, Slot sold, const BustedTrade& trade, Step& step);
  void trade_back(Slot position, std::int64_t delta, std::int64_t value, std::uint64_t trade_id, Step& step);
  [[nodiscard]] bool busts_consistent() const;
  [[nodiscard]] Request exercise_request(const ExerciseOption& command) const noexcept;
  [[nodiscard]] std::int64_t intrinsic(const Instrument& option, std::int64_t price) const noexcept;
  [[nodiscard]] std::int64_t exercised_value(const Instrument& option, std::int64_t pays,
                                             std::int64_t quantity) const noexcept;
  void tell_exercised(const Position& position, Step& step);
  void tell_exercised(const Position& position, std::int64_t quantity, Step& step);
  static void touch(OrderRecord& order, const Step& step) noexcept;
  void leave_book(Slot order, const Step& step) noexcept;
  // Holds what the order needs now; `reserve` holds exactly so much.
  void rehold(OrderRecord& order, Step& step) {
    if (order.special != kNil) [[unlikely]] return rehold_special(order, step);
    reserve(order, required_hold(order), step);
  }
  void rehold_special(OrderRecord& order, Step& step);
  [[nodiscard]] Slot other_leg(const OrderRecord& order) const noexcept;
  void gather(OrderRecord& order) noexcept;
  // What must be available besides for the order to need so much.
  [[nodiscard]] std::int64_t missing(const OrderRecord& order, std::int64_t needed) const noexcept;
  void link(const OrderRecord& one, const OrderRecord& other, LinkType type) noexcept;
  void enter_linked_on_margin(const PlaceOrder& command, Entrant& entrant, const OrderRecord& one, LinkType type,
                              Step& step);
  void note_linked_fill(Slot order, std::int64_t quantity);
  // Something happened to an order with special terms that its parent or its children may have to act on.
  void stir(const OrderRecord& order);
  [[nodiscard]] Slot pair_of_next(Slot parent) const noexcept;
  void feed(Slot parent, std::int64_t quantity, Step& step);
  [[nodiscard]] bool has_news(const OrderRecord& parent) const noexcept;
  [[nodiscard]] bool can_take_news(const OrderRecord& parent) const noexcept;
  void restore_parents() noexcept;
  [[nodiscard]] bool parent_consistent(const OrderRecord& order) const noexcept;
  [[nodiscard]] bool child_consistent(const OrderRecord& order) const noexcept;
  [[nodiscard]] bool link_consistent(const OrderRecord& order) const noexcept;
  void reserve(OrderRecord& order, std::int64_t needed, Step& step);
  [[nodiscard]] std::int64_t required_hold(const OrderRecord& order) const noexcept;
};

}  // namespace exchange::engine
