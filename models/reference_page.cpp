#include "models/reference_page.hpp"

#include "spikecast/plasticity.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace spikecast {
namespace {

constexpr std::size_t columns = 80;

/// Words of `text` in lines of at most 80 columns, all indented by `indent` but the first, which begins after `lead`.
std::string wrapped(const std::string& lead, std::string_view text, std::size_t indent) {
    std::string result, line = lead;
    bool fresh = true; // nothing but lead or indentation on the line
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        begin = end + 1;
        if (word.empty()) continue;
        if (!fresh && line.size() + 1 + word.size() > columns) {
            result += line + '\n';
            line.assign(indent, ' ');
            fresh = true;
        }
        if (!fresh) line += ' ';
        line += word;
        fresh = false;
    }
    return result + line + '\n';
}

/// Every line indented by two; equations are laid out for 78 columns where they are declared.
std::string indented(std::string_view text) {
    std::string result;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) result += "  ";
        result += text.substr(begin, end - begin);
        result += '\n';
        begin = end + 1;
    }
    return result;
}

std::string bounds_text(const Bounds& bounds) {
    const bool low = std::isfinite(bounds.low), high = std::isfinite(bounds.high);
    if (low && high)
        return fmt::format("{}{:g}, {:g}{}", bounds.low_open ? "(" : "[", bounds.low, bounds.high,
                           bounds.high_open ? ")" : "]");
    if (low) return fmt::format("{} {:g}", bounds.low_open ? ">" : ">=", bounds.low);
    if (high) return fmt::format("{} {:g}", bounds.high_open ? "<" : "<=", bounds.high);
    return "any";
}

std::string joined(std::span<const std::string_view> names, const char* separator) {
    std::string text;
    for (const std::string_view name : names)
        text += (text.empty() ? "" : separator) + std::string(name);
    return text;
}
std::string default_text(const ParameterInfo& p) {
    if (!p.choices.empty()) return std::string(p.choices[static_cast<std::size_t>(p.default_value)]);
    if (!p.is_list) return fmt::format("{:g}", p.default_value);
    std::string text;
    for (const double x : p.default_list)
        text += fmt::format("{}{:g}", text.empty() ? "" : ", ", x);
    return '[' + text + ']';
}

/// A table whose last column is wrapped.
std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows[0].size() - 1, 0);
    for (const auto& row : rows)
        for (std::size_t c = 0; c < widths.size(); ++c)
            widths[c] = std::max(widths[c], row[c].size());
    std::string result;
    for (const auto& row : rows) {
        std::string line = "  ";
        for (std::size_t c = 0; c < widths.size(); ++c)
            line += fmt::format("{:<{}}  ", row[c], widths[c]);
        result += wrapped(line, row.back(), line.size());
    }
    return result;
}

} // namespace

std::string reference_page(const ModelInfo& model) {
    std::string page = wrapped("", fmt::format("{} - {}", model.name, model.summary), 4);
    page += '\n' + indented(model.equations);
    if (!model.parameters.empty()) {
        std::vector<std::vector<std::string>> rows{{"name", "unit", "default", "bounds", "meaning"}};
        const SynapseModelInfo* const of = find_synapse_model(model.name);
        for (const ParameterInfo& p : model.parameters) {
            const int as = of == nullptr ? -1 : of->default_of(static_cast<std::size_t>(&p - model.parameters.data()));
            rows.push_back({std::string(p.name), std::string(p.unit),
                            as < 0 ? default_text(p) : std::string(model.parameters[static_cast<std::size_t>(as)].name),
                            p.choices.empty() ? bounds_text(p.bounds) : joined(p.choices, "/"),
                            (p.is_list ? "list: " : "") + std::string(p.meaning)});
        }
        page += "\nParameters\n" + table(rows);
        for (const ParameterRelation& relation : model.relations)
            page += fmt::format("  It must hold that {}.\n", relation.text);
    }
    std::vector<std::vector<std::string>> variables{{"name", "unit", "default", "meaning"}};
    for (const VariableInfo& v : model.variables) {
        if (!v.visible) continue;
        const std::string initial = std::isnan(v.default_value) && v.offset >= 0
                                        ? std::string(model.parameters[static_cast<std::size_t>(v.offset)].name)
                                        : fmt::format("{:g}", v.default_value);
        variables.push_back(
            {std::string(v.name), std::string(v.unit), v.derived ? "recorded only" : initial, std::string(v.meaning)});
    }
    const bool synapse = model.kind == ModelInfo::Kind::synapse;
    if (variables.size() > 1)
        page += (synapse ? "\nVariables of each synapse\n" : "\nVariables that can be recorded and initialised\n") +
                table(variables);
    if (!model.receptors.empty()) {
        std::vector<std::vector<std::string>> rows{{"name", "weight", "takes", "meaning"}};
        for (const ReceptorInfo& r : model.receptors)
            rows.push_back({std::string(r.name), std::string(r.weight_unit),
                            r.sign > 0 ? "> 0" : (r.sign < 0 ? "< 0" : "any"), std::string(r.meaning)});
        page += (model.name == "cable_neuron"
                     ? "\nReceptors, the sites of the morphology; of several, projections name theirs\n"
                 : model.receptor_list < 0
                     ? "\nReceptors; a projection that names none takes the one for its weight's sign\n"
                     : fmt::format("\nReceptors, one for each value of {} (at most {}); projections name theirs\n",
                                   model.parameters[static_cast<std::size_t>(model.receptor_list)].name,
                                   model.most_receptors)) +
                table(rows);
    }
    page += '\n' + std::string("Reference\n") + wrapped("  ", model.citation, 2);
    return page;
}

std::string catalogue_page() {
    std::vector<std::vector<std::string>> rows;
    for (const ModelInfo* model : all_models())
        rows.push_back({std::string(model->name),
                        model->kind == ModelInfo::Kind::neuron
                            ? "neuron"
                            : (model->kind == ModelInfo::Kind::generator ? "generator" : "current"),
                        std::string(model->summary)});
    for (const SynapseModelInfo* each : all_synapse_models())
        rows.push_back({std::string(each->model.name), "synapse", std::string(each->model.summary)});
    return table(rows);
}

} // namespace spikecast
