// The commands of operators: read as they were written, refused where they are none.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <vector>

#include "exchange/engine/core.hpp"
#include "listings.hpp"
#include "wire.hpp"
#include "wire_body.hpp"

namespace exchange::engine::testing {
namespace {

// Reads a command back and writes it again: equal bytes say that no field was lost or changed.
template <class Body>
void expect_round_trip(const Body& body) {
  const std::string bytes = encode(body);
  Batch batch;
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  EXPECT_EQ(encode(std::get<Body>(batch.commands.at(0).body)), bytes);
}

// The bytes of `body` with a field that its kind does not have.
template <class Body>
Reason with_unknown_field(const Body& body, CommandKind kind) {
  const std::string bytes = encode(body);
  Batch batch;
  EXPECT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  protozero::pbf_reader command(bytes);
  command.next();
  std::string extended = command.get_string();
  Writer(extended).add_uint64(99, 1);
  std::string out;
  Writer(out).add_message(static_cast<Tag>(kind), extended);
  return Core::decode_command(bytes_of(out), batch);
}

Reason decode(const std::string& command) {
  Batch batch;
  return Core::decode_command(bytes_of(command), batch);
}

InstrumentDefinition an_option() {
  InstrumentDefinition listing = btc_kk99();
  listing.phase = TradingPhase::kPostOnly;
  listing.terms = {.multiplier = 100,
                   .max_position = 2,
                   .expiry_time_ns = 3,
                   .strike_price = -4,
                   .underlying_id = 5,
                   .static_band_bps = 6,
                   .dynamic_band_bps = 7,
                   .fee_schedule_id = 8,
                   .kind = InstrumentKind::kOption,
                   .settlement_method = SettlementMethod::kPhysical,
                   .right = OptionRight::kPut,
                   .exercise_style = ExerciseStyle::kEuropean,
                   .delayed_settlement = true};
  return listing;
}

AccountSettings all_settings() {
  return {.account_id = 1,
          .self_trade_group_id = 2,
          .limits = {3, 4, 5, 6},
          .account_class = 7,
          .fee_tier = 8,
          .taker_fee_ppm = 9,
          .maker_fee_ppm = 10,
          .kind = AccountKind::kMargin,
          .trading_state = TradingState::kHalted,
          .cancel_orders = true,
          .has_self_trade_group = true,
          .has_limits = true,
          .has_account_class = true,
          .has_fee_tier = true,
          .has_taker_fee = true,
          .has_maker_fee = true};
}

BustedTrade a_trade() {
  return {.trade_id = 1,
          .maker_account_id = 2,
          .taker_account_id = 3,
          .price = -4,
          .quantity = 5,
          .maker_fee = -6,
          .taker_fee = 7,
          .value_time_ns = 8,
          .instrument_id = 9,
          .taker_side = Side::kSell};
}

SetMarkPrice all_prices() {
  return {.instrument_id = 1,
          .has_mark_price = true,
          .has_index_price = true,
          .has_reference_price = true,
          .has_conversion_rate = true,
          .mark_price = -2,
          .index_price = -3,
          .reference_price = -4,
          .conversion_rate_ppb = 5};
}

constexpr std::array<FeeTier, 2> kTiers{{{0, 1'000, -500}, {1, -100'000, 0}}};

TEST(DecodeAdminTest, ReadsTheTermsOfAnInstrument) {
  const InstrumentDefinition option = an_option();
  Batch batch;
  const std::string created = encode(option);
  ASSERT_EQ(Core::decode_command(bytes_of(created), batch), Reason::kNone);
  EXPECT_EQ(*std::get<CreateInstrument>(batch.commands[0].body).instrument, option);
  const std::string updated = encode(UpdateInstrument{&option});
  ASSERT_EQ(Core::decode_command(bytes_of(updated), batch), Reason::kNone);
  EXPECT_EQ(*std::get<UpdateInstrument>(batch.commands[0].body).instrument, option);
}

TEST(DecodeAdminTest, AMultiplierOfNothingIsOne) {
  std::string body = encode(btc_kk99());
  protozero::pbf_reader command(body);
  command.next();
  std::string request = command.get_string();
  protozero::pbf_reader message(request);
  message.next();
  std::string instrument = message.get_string();
  Writer(instrument).add_int64(17, 0);
  const std::string bytes =
      one(CommandKind::kCreateInstrument, [&](Writer& out) { out.add_message(1, instrument); });
  Batch batch;
  ASSERT_EQ(Core::decode_command(bytes_of(bytes), batch), Reason::kNone);
  EXPECT_EQ(*std::get<CreateInstrument>(batch.commands[0].body).instrument, btc_kk99());
}

TEST(DecodeAdminTest, RefusesAnOptionWithoutItsTerms) {
  for (const auto damage : {+[](InstrumentTerms& t) { t.right = OptionRight{}; },
                            +[](InstrumentTerms& t) { t.exercise_style = ExerciseStyle{}; },
                            +[](InstrumentTerms& t) { t.exercise_style = static_cast<ExerciseStyle>(3); },
                            +[](InstrumentTerms& t) { t.kind = static_cast<InstrumentKind>(7); },
                            +[](InstrumentTerms& t) { t.settlement_method = static_cast<SettlementMethod>(3); }}) {
    InstrumentDefinition option = an_option();
    damage(option.terms);
    EXPECT_EQ(decode(encode(option)), Reason::kMalformedCommand);
  }
  EXPECT_EQ(decode(one(CommandKind::kUpdateInstrument, [](Writer&) {})), Reason::kMalformedCommand);
}

TEST(DecodeAdminTest, ReadsEveryFieldOfEveryKind) {
  const AccountSettings settings = all_settings();
  const BustedTrade trade = a_trade();
  expect_round_trip(SetPhase{1, TradingPhase::kAuction, AuctionKind::kClosing});
  expect_round_trip(all_prices());
  expect_round_trip(SetMarkPrice{.instrument_id = 1});
  expect_round_trip(SetAccount{&settings});
  expect_round_trip(SetMarginParameters{1, 2, 3, 4, 5, 6, 7});
  expect_round_trip(SetFeeSchedule{1, kTiers});
  expect_round_trip(SettleFuture{1, 20'261'126, -3});
  expect_round_trip(ExpireInstrument{1, 20'261'126, -3});
  expect_round_trip(ExerciseOption{1, 2, 20'261'126, 4, "r"});
  expect_round_trip(ActivateRules{2});
  expect_round_trip(BustTrade{&trade});
  expect_round_trip(RollPositions{1, 20'261'126, -3, 4});
  expect_round_trip(SetValueDate{1, 20'261'126});
  expect_round_trip(DeliverTrades{1, 20'261'126});
}

TEST(DecodeAdminTest, FieldsLandWhereTheyBelong) {
  Batch batch;
  const AccountSettings settings = all_settings();
  const std::string account = encode(SetAccount{&settings});
  ASSERT_EQ(Core::decode_command(bytes_of(account), batch), Reason::kNone);
  const AccountSettings& read = *std::get<SetAccount>(batch.commands[0].body).settings;
  EXPECT_EQ(read.limits, settings.limits);
  EXPECT_EQ(read.limits.max_open_orders, 6U);
  EXPECT_EQ(read.trading_state, TradingState::kHalted);
  const BustedTrade trade = a_trade();
  const std::string bust = encode(BustTrade{&trade});
  ASSERT_EQ(Core::decode_command(bytes_of(bust), batch), Reason::kNone);
  EXPECT_EQ(*std::get<BustTrade>(batch.commands[0].body).trade, trade);
  const std::string dated = encode(SetValueDate{7, 20'261'126});
  ASSERT_EQ(Core::decode_command(bytes_of(dated), batch), Reason::kNone);
  EXPECT_EQ(std::get<SetValueDate>(batch.commands[0].body).instrument_id, 7U);
  EXPECT_EQ(std::get<SetValueDate>(batch.commands[0].body).value_date, 20'261'126U);
  const std::string fees = encode(SetFeeSchedule{7, kTiers});
  ASSERT_EQ(Core::decode_command(bytes_of(fees), batch), Reason::kNone);
  const auto& schedule = std::get<SetFeeSchedule>(batch.commands[0].body);
  EXPECT_EQ(std::vector(schedule.tiers.begin(), schedule.tiers.end()), std::vector(kTiers.begin(), kTiers.end()));
}

TEST(DecodeAdminTest, RefusesUnknownFieldsOfEveryKind) {
  const auto malformed = Reason::kMalformedCommand;
  const AccountSettings settings = all_settings();
  const BustedTrade trade = a_trade();
  const InstrumentDefinition option = an_option();
  EXPECT_EQ(with_unknown_field(UpdateInstrument{&option}, CommandKind::kUpdateInstrument), malformed);
  EXPECT_EQ(with_unknown_field(SetPhase{1, TradingPhase::kHalt, {}}, CommandKind::kSetPhase), malformed);
  EXPECT_EQ(with_unknown_field(all_prices(), CommandKind::kSetMarkPrice), malformed);
  EXPECT_EQ(with_unknown_field(SetAccount{&settings}, CommandKind::kSetAccount), malformed);
  EXPECT_EQ(with_unknown_field(SetMarginParameters{}, CommandKind::kSetMarginParameters), malformed);
  EXPECT_EQ(with_unknown_field(SetFeeSchedule{1, kTiers}, CommandKind::kSetFeeSchedule), malformed);
  EXPECT_EQ(with_unknown_field(SettleFuture{}, CommandKind::kSettleFuture), malformed);
  EXPECT_EQ(with_unknown_field(ExpireInstrument{}, CommandKind::kExpireInstrument), malformed);
  EXPECT_EQ(with_unknown_field(ExerciseOption{1, 2, 3, 4, "r"}, CommandKind::kExerciseOption), malformed);
  EXPECT_EQ(with_unknown_field(ActivateRules{1}, CommandKind::kActivateRules), malformed);
  EXPECT_EQ(with_unknown_field(BustTrade{&trade}, CommandKind::kBustTrade), malformed);
  EXPECT_EQ(with_unknown_field(RollPositions{}, CommandKind::kRollPositions), malformed);
  EXPECT_EQ(with_unknown_field(SetValueDate{}, CommandKind::kSetValueDate), malformed);
  EXPECT_EQ(with_unknown_field(DeliverTrades{}, CommandKind::kDeliverTrades), malformed);
}

TEST(DecodeAdminTest, RefusesChoicesThatNobodyMadeOrKnows) {
  const auto malformed = Reason::kMalformedCommand;
  EXPECT_EQ(decode(encode(SetPhase{1, TradingPhase{}, {}})), malformed);
  EXPECT_EQ(decode(encode(SetPhase{1, static_cast<TradingPhase>(8), {}})), malformed);
  EXPECT_EQ(decode(encode(SetPhase{1, TradingPhase::kAuction, static_cast<AuctionKind>(4)})), malformed);
  AccountSettings settings = all_settings();
  settings.kind = static_cast<AccountKind>(3);
  EXPECT_EQ(decode(encode(SetAccount{&settings})), malformed);
  settings = all_settings();
  settings.trading_state = static_cast<TradingState>(4);
  EXPECT_EQ(decode(encode(SetAccount{&settings})), malformed);
  BustedTrade trade = a_trade();
  trade.taker_side = Side{};
  EXPECT_EQ(decode(encode(BustTrade{&trade})), malformed);
  EXPECT_EQ(decode(encode(ExerciseOption{1, 2, 3, 4, ""})), malformed);
  EXPECT_EQ(decode(encode(ExerciseOption{1, 2, 3, 4, "a b"})), malformed);
}

TEST(DecodeAdminTest, LimitsTheTiersOfASchedule) {
  const std::vector<FeeTier> most(kMaxFeeTiers);
  EXPECT_EQ(decode(encode(SetFeeSchedule{1, most})), Reason::kNone);
  const std::vector<FeeTier> more(kMaxFeeTiers + 1);
  EXPECT_EQ(decode(encode(SetFeeSchedule{1, more})), Reason::kMalformedCommand);
  EXPECT_EQ(decode(encode(SetFeeSchedule{1, {}})), Reason::kMalformedCommand);
  std::string tier;
  Writer(tier).add_sint64(2, std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1);
  EXPECT_EQ(decode(one(CommandKind::kSetFeeSchedule, [&](Writer& out) { out.add_message(2, tier); })),
            Reason::kMalformedCommand);
}

TEST(DecodeAdminTest, EachKindHasItsPermission) {
  Batch batch;
  const std::string request = submit_request({encode(ActivateRules{1}), encode(RollPositions{})});
  const CommandKinds one_of_them = kind_bit(CommandKind::kActivateRules);
  EXPECT_EQ(Core::decode(bytes_of(request), one_of_them, batch), Reason::kCallerNotAllowed);
  const CommandKinds both = one_of_them | kind_bit(CommandKind::kRollPositions);
  EXPECT_EQ(Core::decode(bytes_of(request), both, batch), Reason::kNone);
  EXPECT_EQ(Core::decode(bytes_of(request), kAllCommandKinds, batch), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
