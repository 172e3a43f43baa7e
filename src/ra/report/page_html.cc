#include "ra/report/page_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "ra/base/hash.h"

namespace ra {
namespace {

std::vector<std::byte> bytes_of_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t k = 0; k + 1 < hex.size(); k += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(k, 2), nullptr, 16)));
  }
  return bytes;
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (value != 0.0 && (size < 0.001 || size >= 1e5)) return fmt::format("{:.3g}", value);
  return size >= 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.3f}", value);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
      case '\r':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string script_json(std::string json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string base64(std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t k = 0; k < bytes.size(); k += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - k);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[k + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) out += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

std::string script_hash_source(std::string_view script) {
  return "'sha256-" + base64(bytes_of_hex(sha256_hex(std::as_bytes(std::span(script))))) + "'";
}

std::string readable(std::optional<double> value, std::optional<double> low, std::optional<double> high) {
  if (!value) return "\xE2\x80\x93";
  if (!low || !high) return short_number(*value);
  // A dash before a minus sign reads as two.
  const char* to = *low < 0 || *high < 0 ? " to " : "\xE2\x80\x93";
  return short_number(*value) + " (" + short_number(*low) + to + short_number(*high) + ")";
}

std::string display_name(const std::string& name) {
  static const std::map<std::string, std::string> kNames = {
      {"auroc", "AUROC"},
      {"average_precision", "average precision"},
      {"fpr_at_95_tpr", "FPR at 95 % TPR"},
      {"fpr_at_99_tpr", "FPR at 99 % TPR"},
      {"aupro", "AUPRO"},
      {"mae", "MAE"},
      {"mse", "MSE"},
      {"psnr", "PSNR"},
      {"ssim", "SSIM"},
      {"lpips_squeezenet", "LPIPS (SqueezeNet)"},
      {"perceptual_encoder", "perceptual distance (own encoder)"},
      {"iou", "IoU"},
      {"f1", "F1"},
      {"ra", "RA"},
      {"ra_normalised", "RA normalised"},
      {"dice", "Dice"},
      {"best_dice", "best Dice"},
      {"pca", "PCA"},
      {"roc", "ROC"},
      {"pr", "PR"},
      {"froc", "FROC"},
      {"p_value", "p-value"},
      {"fpr", "FPR"},
      {"tpr", "TPR"},
  };
  if (const auto known = kNames.find(name); known != kNames.end()) return known->second;
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace ra
