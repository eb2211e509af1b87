// The naive engine: the same rules as the core, written to be read, with ordered maps and no thought for speed. The two
// argue over seeded streams of commands; where they differ, one of them misread a rule.
//
// Invariants:
//   1. It shares with the core only the decoded commands and the encoding of events, none of the rules.
//   2. There is one book of everything: no halves, no messages, no pools. It is never full.
//
// Threads: none.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "encode.hpp"
#include "events.hpp"
#include "exchange/engine/core.hpp"
#include "records.hpp"

namespace exchange::engine::reference {

class Engine {
 public:
  Engine(const Limits& limits, std::uint8_t shard);

  void apply(const Command& command, Stamp stamp, ByteBuffer& result, ByteBuffer& events);

 private:
  using IdList = std::list<RememberedId>;

  Result on(const Tick& command);
  Result on(const PlaceOrder& command);
  Result on(const PlaceOrders& command);
  Result on(const PlaceOrderGroup& command);
  Result on(const CancelOrder& command);
  Result on(const AmendOrder& command);
  Result on(const MassCancel& command);
  Result on(const CancelAllAfter& command);
  Result on(const OpenSession& command);
  Result on(const KeepGateway& command);
  Result on(const EndSession& command);
  Result on(const LeaderChange& command);
  Result on(const Transfer& command);
  Result on(const OpenAccount& command);
  Result on(const SetAccount& command);
  Result on(const SetFeeSchedule& command);
  Result on(const SetMarginParameters& command);
  Result on(const ActivateRules& command);
  Result on(const SettleFuture& command);
  Result on(const RollPositions& command);
  Result on(const ExpireInstrument& command);
  Result on(const ExerciseOption& command);
  Result on(const BustTrade& command);
  Result on(const SetValueDate& command);
  Result on(const DeliverTrades& command);
  Result on(const CreateInstrument& command);
  Result on(const UpdateInstrument& command);
  Result on(const SetPhase& command);
  Result on(const SetMarkPrice& command);
  // What the engine does not do yet is refused.
  template <class Unsupported>
  Result on(const Unsupported& /*command*/) {
    return {now_.engine_seq, Reason::kNotSupported};
  }

  // Margin.
  [[nodiscard]] static bool on_margin(const InstrumentDefinition& definition);
  [[nodiscard]] static bool is_option(const InstrumentDefinition& definition);
  [[nodiscard]] static bool is_price(const InstrumentDefinition& definition, std::int64_t price);
  [[nodiscard]] static bool has_margin_prices(const Instrument& instrument);
  [[nodiscard]] std::uint32_t settlement_asset() const;
  [[nodiscard]] bool fits_on_margin(const InstrumentDefinition& definition) const;
  void open_clearing(std::uint32_t instrument_id);
  [[nodiscard]] bool are_ruinous(std::uint32_t schedule, const std::map<std::uint32_t, FeeTier>& tiers) const;
  [[nodiscard]] const SetMarginParameters* margin_of(std::uint32_t instrument_id, std::uint64_t account_id) const;
  [[nodiscard]] Wide worth(const Instrument& instrument, std::int64_t price, Wide quantity) const;
  [[nodiscard]] Wide settled(const Instrument& instrument, Wide amount) const;
  [[nodiscard]] Position position_of(std::uint64_t account_id, std::uint32_t instrument_id) const;
  [[nodiscard]] std::int64_t reserve_of(const Order& order) const;
  void add(Outlook& outlook, const Order& order) const;
  void add_beside(Outlook& outlook, const Order& order, const Order* other) const;
  // An order of these terms, as far as it exposes its account.
  [[nodiscard]] Order as_order(const PlaceOrder& command, std::int64_t worst) const;
  [[nodiscard]] Outlook outlook_of(std::uint64_t account_id, std::uint32_t instrument_id, const Order* without) const;
  [[nodiscard]] static Wide exposure_of(const Instrument& instrument, const Outlook& outlook);
  [[nodiscard]] Wide initial_margin(const Instrument& instrument, const Outlook& outlook,
                                    std::uint64_t account_id) const;
  [[nodiscard]] Wide equity_of(std::uint64_t account_id) const;
  [[nodiscard]] Wide free_margin(std::uint64_t account_id, std::uint32_t instrument_id, const Outlook* instead) const;
  [[nodiscard]] std::int64_t spendable(std::uint64_t account_id, std::uint32_t asset_id) const;
  [[nodiscard]] std::vector<Reason> against_exposure(std::uint64_t account_id, const Instrument& instrument, Side side,
                                                     const Outlook& before, const Outlook& after) const;
  [[nodiscard]] std::vector<Reason> against_exposure(const PlaceOrder& command, std::int64_t worst) const;
  [[nodiscard]] std::vector<Reason> against_position(std::uint64_t account_id, const Instrument& i, Side side,
                                                     std::size_t more) const;
  [[nodiscard]] bool has_margin(std::uint64_t account_id, const Instrument& instrument, const Outlook& before,
                                const Outlook& after) const;
  [[nodiscard]] Reason check_amended_exposure(const Order& order, std::int64_t price, std::int64_t leaves) const;
  [[nodiscard]] bool is_covered_at_trigger(const Order& order) const;
  static std::int64_t change_position(Position& position, std::int64_t delta, std::int64_t value);
  void settle_on_margin(const Order& order, const FillView& fill, std::int64_t fee);
  void pay_settled(std::uint64_t to, std::uint64_t from, Wide amount, BalanceChangeKind kind,
                   std::uint32_t instrument_id, std::uint64_t trade_id);
  void tell_position(std::uint64_t account_id, std::uint32_t instrument_id, PositionChangeKind kind,
                     std::int64_t change, std::int64_t result, std::uint64_t trade_id);

  // Orders that only reduce.
  struct Rehearsal {
    std::map<std::uint64_t, Wide> held;                            // by account
    std::map<std::uint64_t, std::vector<std::uint64_t>> reducers;  // by account, in the order in which they trade
    std::map<std::uint64_t, std::int64_t> left;                    // of these
  };
  [[nodiscard]] static bool reduces(const Order& order);
  [[nodiscard]] std::int64_t closable(std::uint64_t account_id, std::uint32_t instrument_id, Side side) const;
  [[nodiscard]] std::vector<Reason> against_reducing(std::uint64_t account_id, const Instrument& i, Side side,
                                                     std::size_t more) const;
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> in_turn(const Instrument& i, Side side,
                                                                std::optional<std::int64_t> price) const;
  [[nodiscard]] std::vector<std::uint64_t> standing_reducers(const Instrument& i, std::uint64_t account_id) const;
  void shorten(Order& order, std::int64_t quantity);
  void reduce_waiting(std::uint64_t account_id, std::uint32_t instrument_id);
  void reduce_standing(std::uint64_t account_id, std::uint32_t instrument_id);
  [[nodiscard]] bool make_way(const Instrument& i, Order& order);
  [[nodiscard]] Rehearsal rehearse(const Instrument& i) const;
  void trade(Rehearsal& r, const Order& buy, const Order& sell, std::int64_t quantity) const;
  [[nodiscard]] std::pair<Wide, Wide> rehearse_uncross(const Instrument& i, std::int64_t price) const;

  // Liquidations.
  void hold_in(std::uint64_t account_id, std::uint32_t instrument_id);
  [[nodiscard]] bool is_liquidated(std::uint64_t account_id) const;
  [[nodiscard]] TradingState trading_state(std::uint64_t account_id) const;
  void suspect(std::uint64_t account_id);
  void inspect(std::uint32_t instrument_id);
  [[nodiscard]] Wide maintenance_of(std::uint64_t account_id) const;
  [[nodiscard]] bool has_positions(std::uint64_t account_id) const;
  [[nodiscard]] bool is_short_of_margin(std::uint64_t account_id) const;
  void tell_liquidation(std::uint64_t account_id, LiquidationState state);
  void liquidate(std::uint32_t& steps_left);
  [[nodiscard]] bool go_on_liquidating();
  void look_at(std::uint64_t account_id);
  void look_for_liquidations();
  // Is it over? Nothing, if there were not steps enough.
  [[nodiscard]] std::optional<bool> go_on(Liquidation& l);
  [[nodiscard]] bool cancel_before_closing(Liquidation& l);
  [[nodiscard]] std::optional<std::uint32_t> next_to_close(Liquidation& l) const;
  void reduce(std::uint64_t account_id, std::uint32_t instrument_id);
  [[nodiscard]] std::optional<std::int64_t> bearable_price(std::uint64_t account_id, const Instrument& i,
                                                           std::int64_t edge) const;
  void insure(std::uint64_t account_id, Wide lacking);
  void end_liquidation(std::uint64_t account_id);
  [[nodiscard]] bool deleverage(std::uint64_t account_id, std::uint32_t instrument_id);
  void rank_opposites(std::uint64_t account_id, const Instrument& i);
  void close_against(std::uint64_t account_id, std::uint64_t other, const Instrument& i);
  [[nodiscard]] Wide borne_by_others(std::uint64_t account_id, const Instrument& i, std::int64_t quantity) const;
  [[nodiscard]] Wide quoted(const Instrument& i, Wide amount) const;

  // Sweeps.
  [[nodiscard]] Reason check_exercise(const ExerciseOption& command) const;
  [[nodiscard]] std::int64_t gain_of(const Instrument& instrument, std::int64_t price) const;
  [[nodiscard]] Wide payoff(const Instrument& instrument, std::int64_t gain, Wide quantity) const;
  void go_on_sweeping();
  [[nodiscard]] bool go_on(Sweep& sweep);
  void sweep(const Sweep& sweep, const Instrument& instrument, std::uint64_t account);
  void close(const Instrument& instrument, std::uint64_t account, std::int64_t delta, std::int64_t value,
             PositionChangeKind kind, BalanceChangeKind paid_as);
  void tell_exercised(std::uint64_t account, std::uint32_t instrument_id, std::int64_t quantity);
  void keep_residue(const Instrument& instrument);
  [[nodiscard]] bool exercise(Sweep& sweep);

  // Securities that settle after the trade.
  static void settle_later(Instrument& instrument, std::uint32_t date, std::uint64_t buyer, std::uint64_t seller,
                           std::int64_t base, std::int64_t quote);
  [[nodiscard]] std::int64_t transferable(std::uint64_t account_id, std::uint32_t asset_id) const;
  [[nodiscard]] bool deliver(Sweep& sweep);

  // Busts.
  [[nodiscard]] Reason check_bust(const BustedTrade& trade) const;
  void go_on_busting();
  void take_back(const BustedTrade& trade);
  std::int64_t give_fee_back(std::uint64_t account_id, std::int64_t fee, const BustedTrade& trade);
  std::int64_t move_back(std::uint64_t to, std::uint64_t from, std::uint32_t asset_id, std::int64_t amount,
                         const BustedTrade& trade);
  void trade_back(std::uint64_t account_id, std::int64_t quantity, std::int64_t value, const BustedTrade& trade);
  [[nodiscard]] bool is_being_busted(std::uint64_t account_id) const;

  // Accounts. One that trades is none of the venue's own.
  [[nodiscard]] bool is_trader(std::uint64_t account_id) const {
    return account_id != 0 && account_id < kVenueAccounts && accounts_.contains(account_id);
  }
  [[nodiscard]] FeeTier fees_of(std::uint64_t account_id, std::uint32_t instrument_id) const;
  [[nodiscard]] Reason check_size(const Account& account, const Instrument& instrument, std::int64_t quantity,
                                  std::int64_t value) const;

  // Markets.
  [[nodiscard]] Reason check_listing(const InstrumentDefinition& definition) const;
  static void define(Instrument& instrument, const InstrumentDefinition& definition);
  [[nodiscard]] static bool collects(const Instrument& instrument);
  [[nodiscard]] static bool allows(const Instrument& instrument, const PlaceOrder& command);
  [[nodiscard]] static bool takes_part(TimeInForce time_in_force, AuctionKind kind);

  // Auctions.
  [[nodiscard]] AuctionView find_uncross(const Instrument& instrument) const;
  [[nodiscard]] std::vector<std::int64_t> candidate_prices(const Instrument& instrument) const;
  [[nodiscard]] Wide willing(const Instrument& instrument, Side side, std::int64_t price) const;
  [[nodiscard]] Wide willing_with_links(const Instrument& instrument, Side side, std::int64_t price) const;
  void uncross(Instrument& instrument);
  [[nodiscard]] Order& first_in_uncross(Instrument& instrument, Side side);
  void trade_in_uncross(Instrument& instrument, std::int64_t price, std::int64_t quantity, Order& buy, Order& sell);
  void end_auction_orders(const Instrument& instrument, AuctionKind kept);
  void tell_auctions();

  // Ids.
  void forget_old_ids();
  void forget(IdList::iterator id);
  void remember(const RememberedId& id);
  void order_ended(const Order& order);
  [[nodiscard]] std::optional<Result> repeated(std::uint64_t account_id, const std::string& id,
                                               std::uint64_t fingerprint, CommandKind kind) const;

  // The answer to a request that is not to be acted on; and what remembers one that was.
  template <class Request>
  [[nodiscard]] std::optional<Result> refused_request(const Request& request, CommandKind kind) const {
    if (!is_trader(request.account_id)) {
      return Result{now_.engine_seq, Reason::kUnknownAccount};
    }
    if (!request.request_id.empty()) {
      const std::string id(request.request_id);
      if (auto first = repeated(request.account_id, id, request.fingerprint, kind)) return first;
    }
    if (request.valid_until_ns < now_.time_ns) return Result{now_.engine_seq, Reason::kRequestExpired};
    if (request.valid_until_ns > now_.time_ns + limits_.id_window_ns) {
      return Result{now_.engine_seq, Reason::kValidUntilTooFar};
    }
    return {};
  }
  template <class Request>
  void remember_request(const Request& request, CommandKind kind, std::uint64_t order_id, Reason reason,
                        std::uint32_t cancelled = 0) {
    if (request.request_id.empty()) return;
    remember({request.account_id, std::string(request.request_id), kind, request.fingerprint, now_.engine_seq,
              now_.time_ns, now_.time_ns, reason, order_id, false, {}, cancelled});
  }

  // Orders.
  // Why an order may not enter, or the limit it goes to the book with and the price it is held at.
  struct Judged {
    Reason reason = Reason::kNone;
    std::int64_t limit = 0;
    std::int64_t held_at = 0;
    std::int64_t watermark = 0;  // that a trailing stop begins at
  };
  [[nodiscard]] Judged judge(const PlaceOrder& command) const;
  [[nodiscard]] static bool keeps_back(const Instrument& instrument, bool post_only);
  Order& reserve(const PlaceOrder& command, const Judged& judged);
  void enter(Order& order);
  void enter_in_turn(Order& order);
  void accept(Order& order);
  void stay_behind(Order& order);
  void proceed(Order& order);
  // Of several orders that enter together: the answer if they did before; the first check that one fails.
  [[nodiscard]] std::optional<Result> first_answers(const PlaceOrders& command) const;
  [[nodiscard]] Reason check_among(const PlaceOrder& command, const std::set<std::string>& ids_before) const;
  void claim(const PlaceOrder& command, const Judged& judged, bool takes);
  void claim_place(const PlaceOrder& command);
  Result place_together(const PlaceOrders& command, LinkType link);
  void enter_together(const std::vector<Order*>& orders, LinkType link, const std::set<std::size_t>& fed);

  // Orders that come with the fills of another.
  [[nodiscard]] static Reason check_group(const PlaceOrderGroup& command);
  [[nodiscard]] static bool has_children(LinkType link);
  [[nodiscard]] bool has_unbounded_child(const PlaceOrderGroup& command) const;
  [[nodiscard]] std::set<std::size_t> fed_among(const PlaceOrders& command, LinkType link) const;
  [[nodiscard]] Judged judge_child(const PlaceOrder& command, bool is_fed) const;
  void found_group(const std::vector<Order*>& orders, LinkType link, const std::set<std::size_t>& fed);
  // What of an order its hold is for.
  [[nodiscard]] std::int64_t backed(const Order& order) const;
  void feed(const Order& parent);
  [[nodiscard]] std::vector<Order*> open_children(const Group& group);
  [[nodiscard]] bool is_left(std::uint64_t parent, const Group& group) const;
  [[nodiscard]] std::uint64_t next_to_pass_on();
  void run_groups(std::uint32_t& steps_left);
  void pass_on(std::uint64_t parent);
  void give(const std::vector<Order*>& children, std::int64_t quantity);
  void become_active(Order& order);
  void begin_to_trail(const Group& group);
  void begin_to_follow(Order& order);

  // Orders that are linked in pairs.
  [[nodiscard]] const Order* other_leg(const Order& order) const;
  [[nodiscard]] Order* other_leg(const Order& order) {
    return const_cast<Order*>(static_cast<const Engine*>(this)->other_leg(order));
  }
  [[nodiscard]] bool has_open_leg_beside(const Order& order) const;
  // How much of an order would trade, if it could, once what stands in `traded` has.
  [[nodiscard]] std::int64_t left_beside(const Order& order, const std::map<std::uint64_t, std::int64_t>& traded) const;
  // What an order has to hold more than it does, or its pair.
  [[nodiscard]] std::int64_t missing_hold(const Order& order) const;
  void gather_hold(Order& order);
  void join(Order& one, Order& other, LinkType link);
  void act_on_link(Order& filled, std::int64_t quantity);
  [[nodiscard]] Reason check_shape(const PlaceOrder& command) const;
  // All that speaks against an order that is only validated.
  [[nodiscard]] std::vector<Reason> failures(const PlaceOrder& command, std::optional<OrderCostView>& cost) const;
  void find_failures_of_terms(const PlaceOrder& command, std::vector<Reason>& out,
                              std::optional<OrderCostView>& cost) const;
  void find_failures_of_cost(const PlaceOrder& command, std::int64_t held_at, bool has_quantity,
                             std::vector<Reason>& out, std::optional<OrderCostView>& cost) const;
  [[nodiscard]] std::optional<OrderCostView> told_cost(const PlaceOrder& command, std::int64_t worst) const;
  [[nodiscard]] Reason check_instrument(const PlaceOrder& command) const;
  [[nodiscard]] std::optional<std::int64_t> worst_price(const PlaceOrder& command) const;
  [[nodiscard]] std::int64_t price_to_hold_at(const PlaceOrder& command, std::int64_t worst) const;
  [[nodiscard]] Reason check_money(const PlaceOrder& command, std::int64_t worst) const;
  [[nodiscard]] std::int64_t cost_of(const PlaceOrder& command, std::int64_t worst) const;
  Order& create(const PlaceOrder& command);
  Result conclude(const PlaceOrder& command, Order& order, Reason reason);
  Result reject(const PlaceOrder& command, Reason reason);
  Result cancelled(const CancelOrder& command, std::uint64_t order_id, Reason reason);
  [[nodiscard]] std::uint64_t find_target(std::uint64_t account_id, std::uint64_t order_id,
                                          std::string_view client_id) const;
  [[nodiscard]] Reason check_amended(const Order& order, std::int64_t price, std::int64_t quantity,
                                     std::optional<std::int64_t> display, bool keeps_place) const;
  void change_terms(Instrument& instrument, Order& order, std::int64_t price, std::int64_t quantity, bool keeps_place);
  Result amended(const AmendOrder& command, std::uint64_t order_id, Reason reason);
  [[nodiscard]] bool may_expire_at(std::int64_t time_ns) const;
  void expire(Order& order, EndReason reason);
  void take_out_or_stop_waiting(Order& order);

  // Orders that wait for a price.
  [[nodiscard]] std::optional<std::int64_t> watched_price(const Instrument& instrument, const OrderView& order,
                                                          TriggerReference reference) const;
  [[nodiscard]] static bool has_come(const OrderView& order, std::int64_t trigger, std::int64_t now);
  [[nodiscard]] Reason check_trigger(const Instrument& instrument, const OrderView& order, TriggerReference reference,
                                     std::int64_t trigger) const;
  [[nodiscard]] std::int64_t protected_price(const Instrument& instrument, Side side, std::int64_t trigger) const;
  // Trailing stops.
  [[nodiscard]] std::optional<std::int64_t> trailing_trigger(const Instrument& instrument, Side side,
                                                             std::int64_t watermark, std::int64_t ticks,
                                                             std::uint32_t bps) const;
  [[nodiscard]] std::int64_t trigger_of(const Order& order) const;
  [[nodiscard]] TrailKey trail_key(const Order& order) const;
  void follow_prices(const Instrument* only);
  void take_watermark_of_next(Order& order);
  [[nodiscard]] Order* first_to_trail(const TrailKey& key, std::uint64_t from);
  void restate(Order& order);
  void tell_trails();
  Result amend_waiting(const AmendOrder& command, Order& order);
  [[nodiscard]] Judged judge_waiting(const PlaceOrder& command) const;
  void find_triggered();
  void run_triggered(std::uint32_t& steps_left);
  void go_on(Order& order);

  // Pegged orders.
  struct Pegged {
    Side side{};
    std::int64_t limit = 0;
    PegReference reference{};
    std::int64_t offset_ticks = 0;
    bool stays_behind = false;
  };
  [[nodiscard]] static Pegged pegged(const PlaceOrder& command);
  [[nodiscard]] std::optional<std::int64_t> best_unpegged(const Instrument& instrument, Side side) const;
  [[nodiscard]] std::optional<std::int64_t> peg_price(const Instrument& instrument, const Pegged& peg) const;
  [[nodiscard]] std::optional<std::int64_t> place_for(const Instrument& instrument, const Order& order,
                                                      std::int64_t limit) const;
  Result place_pegged(const PlaceOrder& command);
  [[nodiscard]] Judged judge_pegged(const PlaceOrder& command) const;
  void accept_pegged(Order& order);
  void enter_pegged(Order& order);
  Result amend_pegged(const AmendOrder& command, Order& order);
  static void stand_at(Order& order, std::optional<std::int64_t> price);
  void enter_again(Instrument& instrument, Order& order);
  void run_followers(std::uint32_t& steps_left);
  [[nodiscard]] bool move_pegs(std::uint32_t& steps_left);
  [[nodiscard]] bool move_pegs_of(Instrument& instrument, bool advance, std::uint32_t& steps_left);

  // Timers and mass cancels.
  void run_what_is_due();
  [[nodiscard]] Order* first_to_expire();
  [[nodiscard]] bool finish_mass_cancels(std::uint32_t& left);
  [[nodiscard]] bool go_on(MassCancelLeft& cancel, std::uint32_t& left);
  [[nodiscard]] bool is_meant(const MassCancelLeft& cancel, const Order& order) const;
  void fire(std::uint64_t account_id);

  // Sessions and leases: when the first is up, and what comes of it.
  [[nodiscard]] std::int64_t next_session_ns() const;
  void run_session_timer();
  void lose(Session& session, SessionLoss loss, std::int64_t lost_ns);
  void fire(const Session& session);
  void lead_anew();
  [[nodiscard]] bool is_open(std::uint64_t account_id, std::uint64_t session_id) const;
  void tell(const Session& session, SessionState state);

  // Matching.
  [[nodiscard]] bool are_kept_apart(const Order& taker, const Order& maker) const;
  [[nodiscard]] bool would_cross(const Instrument& instrument, Side side, std::int64_t limit) const;
  [[nodiscard]] bool can_fill(const Instrument& instrument, const Order& taker, std::int64_t wanted) const;
  // What the book shows of an order, and what it shows next.
  [[nodiscard]] static std::int64_t visible(const Order& order);
  [[nodiscard]] static bool may_show(const Instrument& instrument, std::int64_t display, std::int64_t leaves);
  static void show_less(Order& order, std::int64_t quantity, bool rests);
  [[nodiscard]] static bool show_next_slice(Instrument& instrument, Order& order);
  void tell_next_slice(Order& order);
  // Price of an order in the book.
  [[nodiscard]] static std::int64_t stands_at(const Order& order);
  // One tick behind the market, if that is a price.
  [[nodiscard]] std::optional<std::int64_t> behind_market(const Instrument& instrument, Side side) const;
  [[nodiscard]] bool must_stay_behind(const Instrument& instrument, const Order& order, std::int64_t price) const;
  void match(Instrument& instrument, Order& taker);
  // Ends what the dynamic band keeps from resting or from trading; true if it did.
  [[nodiscard]] bool ended_by_band(const Instrument& instrument, Order& taker);
  bool meet(Instrument& instrument, Order& taker, Order& maker, std::int64_t wanted);
  bool prevent(Instrument& instrument, Order& taker, Order& maker, std::int64_t wanted);
  void trade(Instrument& instrument, Order& taker, Order& maker, std::int64_t quantity, bool last);
  void finish(Instrument& instrument, Order& taker);
  void rest(Instrument& instrument, Order& order);
  [[nodiscard]] static std::map<std::int64_t, std::list<std::uint64_t>>& place_of(Instrument& instrument,
                                                                                  const Order& order);
  [[nodiscard]] std::int64_t affordable(const Instrument& instrument, const Order& taker, std::int64_t price) const;
  [[nodiscard]] Order* best_opposite(Instrument& instrument, Side side);
  void take_out(Instrument& instrument, const Order& order);
  void level_changed(Instrument& instrument, Side side, std::int64_t price);

  // Bands: the worst price allowed, if there is a band.
  [[nodiscard]] std::optional<std::int64_t> static_band(const Instrument& instrument, Side side) const;
  [[nodiscard]] std::optional<std::int64_t> dynamic_band(const Instrument& instrument, Side side) const;
  [[nodiscard]] Reason check_static_band(const Instrument& instrument, Side side, std::int64_t price) const;

  // Money.
  [[nodiscard]] static bool fits_bounds(const InstrumentDefinition& definition, OrderType type, std::int64_t value);
  [[nodiscard]] std::int64_t notional(const Instrument& instrument, std::int64_t price, std::int64_t quantity) const;
  [[nodiscard]] std::int64_t base_units(const Instrument& instrument, std::int64_t quantity) const;
  [[nodiscard]] std::int64_t hold_of(const Order& order) const;
  [[nodiscard]] std::uint32_t held_asset(const Order& order) const;
  void release_excess(Order& order);
  std::int64_t book_fill(Order& order, const FillView& fill, bool done);
  void pay(Order& buyer, Order& seller, const FillView& fill, std::int64_t buyer_fee, std::int64_t seller_fee);
  void end(Order& order, OrderStatus status, EndReason reason);
  void changed(Order& order, OrderUpdateCause cause, const FillView* fill = nullptr);
  void tell(std::uint64_t account_id, std::uint32_t asset_id, BalanceChangeKind kind, std::int64_t amount,
            std::uint64_t trade_id = 0);
  std::uint64_t next_private_event(std::uint64_t account_id) { return ++accounts_.at(account_id).private_events; }
  [[nodiscard]] Account& account_of(const Order& order) { return accounts_.at(order.view.account_id); }

  Limits limits_;
  std::uint64_t shard_bits_;
  Stamp now_;
  EventWriter* events_ = nullptr;
  std::vector<FillView> fills_;
  std::map<std::uint64_t, std::vector<FillView>> together_;  // what orders that enter together trade, each
  std::vector<BookChangeView> changes_;

  std::map<std::uint32_t, Asset> assets_;
  std::map<std::uint32_t, std::int64_t> supply_;
  std::map<std::uint32_t, std::map<std::uint32_t, FeeTier>> schedules_;
  std::map<std::uint32_t, std::map<std::uint32_t, SetMarginParameters>> margin_;  // by instrument, by class
  std::map<std::uint32_t, Instrument> instruments_;
  std::map<std::uint64_t, Account> accounts_;
  std::map<std::uint64_t, Order> orders_;
  std::set<std::uint64_t> resting_;  // open beyond their command, in a book or waiting for a price
  std::set<std::uint64_t> waiting_;  // for a price that has not come
  std::map<std::uint64_t, Group> groups_;  // by parent
  std::optional<Order> first_leg_;  // of a pair on margin that is checked
  std::list<std::uint64_t> triggered_;  // those whose price has come, in the order in which they go on
  std::map<TrailKey, TrailTold> told_;
  std::list<TrailKey> untold_;  // first moved first
  bool pegs_left_ = false;  // the last command had not steps enough for all
  std::uint64_t orders_entered_ = 0;
  std::uint64_t trades_ = 0;
  IdList window_;
  IdList pinned_;
  std::map<std::pair<std::uint64_t, std::string>, IdList::iterator> ids_;
  std::vector<AnsweredTransfer> transfers_;
  std::list<MassCancelLeft> mass_cancels_;  // first asked first
  std::map<std::uint64_t, CancelTimer> cancel_timers_;
  std::map<std::uint64_t, Session> sessions_;  // by epoch
  std::map<std::uint64_t, Gateway> gateways_;
  std::map<std::uint64_t, Bust> busts_;  // by the number of the trade
  std::list<BustLeft> busts_left_;       // first asked first
  std::uint32_t bust_cancels_left_ = 0;
  std::uint32_t steps_left_ = 0;  // of this command
  std::list<Sweep> sweeps_;  // first asked first
  std::uint32_t sweeps_left_ = 0;
  std::list<std::uint64_t> suspects_;
  std::list<Inspection> inspections_;
  std::list<Liquidation> liquidations_;  // first fallen first
  std::list<Liquidation> waiting_liquidations_;  // for their markets, the longest first
  std::size_t liquidations_woken_ = 0;           // of those that wait
  Opposites opposites_;
  std::uint64_t reduction_ = 0;          // the order of a liquidation, while it trades
};

}  // namespace exchange::engine::reference
