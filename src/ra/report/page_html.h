#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ra {

// Text for between tags and for quoted attributes: & < > " ' as entities, control characters but line ends and tabs
// as U+FFFD. Everything that comes from a file goes through here or through script_json().
std::string escaped(std::string_view text);

// JSON text for inside a <script> element: no "<", which could end the element or open a comment.
std::string script_json(std::string json);

std::string base64(std::span<const std::byte> bytes);

// "'sha256-...'": the source expression that lets exactly this inline script run (Content Security Policy 3).
std::string script_hash_source(std::string_view script);

// "0.912 (0.871-0.947)" with an en dash, "to" between negative numbers; "-" without a value. Three decimals, or as many
// digits as small and large numbers need.
std::string readable(std::optional<double> value, std::optional<double> low = {}, std::optional<double> high = {});

// A metric's or method's name for people: "auroc" -> "AUROC", "mean_picture" -> "mean picture".
std::string display_name(const std::string& name);

}  // namespace ra
