// The part of a stream that gateways say of sessions and of themselves.
#include "command_stream.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::size_t kOpenedKept = 12;

}  // namespace

std::string CommandStream::connect() {
  if (one_in(60)) return encode(LeaderChange{});
  const std::int64_t dice = below(10);
  if (dice < 4) return open_session();
  Opened one{account(), static_cast<std::uint64_t>(below(1'000))};
  if (!opened_.empty() && !one_in(10)) one = opened_[static_cast<std::size_t>(below(std::ssize(opened_)))];
  if (dice < 6) return encode(EndSession{one.account_id, one.epoch, any({SessionEnd::kClosed, SessionEnd::kLost, SessionEnd::kLost})});
  std::vector<std::uint64_t> epochs;
  for (const Opened& opened : opened_) {
    if (!one_in(3)) epochs.push_back(opened.epoch);
  }
  return encode(KeepGateway{.gateway_id = 1 + static_cast<std::uint64_t>(below(3)),
                            .lease_ms = any<std::uint32_t>({1'000, 20'000, 60'000, 60'000, one_in(20) ? 999U : 60'000U}),
                            .session_epochs = epochs});
}

std::string CommandStream::open_session() {
  const OpenSession command{.account_id = one_in(2) ? 1 : account(),  // one has several
                            .session_id = 1 + static_cast<std::uint64_t>(below(3)),
                            .gateway_id = 1 + static_cast<std::uint64_t>(below(3)),
                            .connection_id = static_cast<std::uint64_t>(below(12)),
                            .scope = any({DisconnectScope::kOff, DisconnectScope::kSession, DisconnectScope::kAccount}),
                            .grace_ms = any<std::uint32_t>({0, 5'000, 5'000, 60'000, one_in(20) ? 60'001U : 1'000U}),
                            .heartbeat_timeout_ms = any<std::uint32_t>({3'000, 300'000, one_in(20) ? 2'999U : 300'000U}),
                            .valid_until_ns = time_ns_ + (one_in(50) ? -1 : 60'000'000'000)};
  opened_.push_back({command.account_id, step_});
  if (opened_.size() > kOpenedKept) opened_.erase(opened_.begin());
  return encode(command);
}

}  // namespace exchange::engine::testing
