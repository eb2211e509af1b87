// A venue where Alice, Bob and Carol trade on margin and Dave pays in full. Oil is marked at 0.50: a contract is worth
// 5 KK99, its initial margin a tenth of that, its maintenance margin a twentieth.
#pragma once

#include "margin_listings.hpp"
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {

class MarginVenue : public Venue {
 protected:
  static constexpr std::int64_t kContract = 5'000'000;

  void SetUp() override {
    Venue::SetUp();
    const std::vector<FeeTier> tiers = {{0, 1'000, 500}};
    ASSERT_EQ(submit(SetFeeSchedule{1, tiers}).reason(), Reason::kNone);
    for (const InstrumentDefinition& listing : {eur_kk99(), eur_jpy(), oil_future(), oil_option()}) {
      ASSERT_EQ(submit(encode(listing)).reason(), Reason::kNone) << listing.symbol;
      const std::int64_t option_margin = listing.instrument_id == kOilOption ? 8'000'000 : 0;
      ASSERT_EQ(submit(parameters(listing.instrument_id, option_margin)).reason(), Reason::kNone);
    }
    for (const std::uint64_t account : {kAlice, kBob, kCarol}) become(account, AccountKind::kMargin);
    mark(kEurKk99, 11'000);
    mark(kOilFuture, 50);
    mark(kOilOption, 30);
    submit(SetMarkPrice{.instrument_id = kEurJpy, .has_mark_price = true, .has_conversion_rate = true,
                        .mark_price = 16'000, .conversion_rate_ppb = 6'500'000});
  }

  [[nodiscard]] static SetMarginParameters parameters(std::uint32_t instrument, std::int64_t option_margin = 0) {
    return {.short_option_margin = option_margin,
            .instrument_id = instrument,
            .initial_margin_ppm = 100'000,
            .maintenance_margin_ppm = 50'000,
            .max_leverage = 10,
            .liquidation_penalty_ppm = 10'000};
  }
  Outcome become(std::uint64_t account, AccountKind kind) {
    AccountSettings settings;
    settings.account_id = account;
    settings.kind = kind;
    return submit(SetAccount{&settings});
  }
  Outcome mark(std::uint32_t instrument, std::int64_t price) {
    return submit(SetMarkPrice{.instrument_id = instrument, .has_mark_price = true, .mark_price = price});
  }
  [[nodiscard]] PlaceOrder oil(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity) {
    PlaceOrder order = limit(account, side, price, quantity);
    order.instrument_id = kOilFuture;
    return order;
  }
  [[nodiscard]] PlaceOrder on(std::uint32_t instrument, PlaceOrder order) {
    order.instrument_id = instrument;
    return order;
  }
  // The buyer takes.
  Outcome trade(std::uint64_t buyer, std::uint64_t seller, std::int64_t price, std::int64_t quantity) {
    submit(oil(seller, Side::kSell, price, quantity));
    return submit(oil(buyer, Side::kBuy, price, quantity));
  }
  [[nodiscard]] PositionChangeView position(std::uint64_t account, std::uint32_t instrument = kOilFuture) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(account, bytes));
    for (const PositionChangeView& position : read_account(bytes.view()).positions) {
      if (position.instrument_id == instrument) return position;
    }
    return {};
  }
  [[nodiscard]] std::int64_t money(std::uint64_t account) const { return balance(account, kKk99).available; }
  // Leaves the account so much, and nothing else.
  void leave(std::uint64_t account, std::int64_t amount) {
    const std::int64_t rest = money(account) - amount;
    ASSERT_EQ(submit(Transfer{TransferDirection::kOut, ++transfer_seq_, account, kKk99, rest}).reason(), Reason::kNone);
  }
};

}  // namespace exchange::engine::testing
