"""What the captions of the figures say, measured."""

import itertools

import numpy as np
import pytest
from live_figures import maker

from rnnbook.data import load_beijing_weather, load_stocks
from rnnbook.data.mnist import load_mnist
from rnnbook.numpy import rnn


def test_with_all_gates_the_gradient_arrives_only_where_the_number_was_written():
    figure = maker("lstm_unit")
    given = figure.data()
    marks = {key: [t in given[f"{key}s"] for t in range(figure.STEPS)] for key in ("write", "read")}
    gated = {"b_i": -8, "w_i": 16, "b_f": 8, "w_f": -16, "b_o": -8, "w_o": 16}
    open_ = {"b_i": 10, "w_i": 0, "b_f": 10, "w_f": 0, "b_o": 10, "w_o": 0}
    last = max(given["reads"])
    written = max(t for t in given["writes"] if t <= last)
    dx = {
        name: np.abs(figure.reference({**weights, **marks, "b_g": 0, "w_g": 1})["dx"])
        for name, weights in (("gated", gated), ("open", open_))
    }
    assert dx["gated"][written] > 0.1
    assert np.delete(dx["gated"], written).max() < 0.001
    assert dx["open"][: last + 1].min() > 0.1


def test_each_gate_of_the_unit_makes_more_steps_right():
    figure = maker("lstm_unit")
    given = figure.data()
    marks = {key: [t in given[f"{key}s"] for t in range(figure.STEPS)] for key in ("write", "read")}
    weights = {"b_i": 10, "w_i": 0, "b_f": 10, "w_f": 0, "b_g": 0, "w_g": 1, "b_o": 10, "w_o": 0}
    wanted, stored = [], 0
    for number, write, read in zip(given["numbers"], marks["write"], marks["read"], strict=True):
        stored = np.tanh(number) if write else stored
        wanted.append(np.tanh(stored) if read else 0)
    assert f"{np.tanh(np.tanh(0.6)):.2f}" == "0.49"
    right = []
    for gate in ({}, {"b_i": -8, "w_i": 16}, {"b_o": -8, "w_o": 16}, {"b_f": 8, "w_f": -16}):
        weights |= gate
        shown = figure.reference(weights | marks)["h"]
        right.append(int((abs(np.subtract(shown, wanted)) < 0.05).sum()))
    assert (np.diff(right) > 0).all() and right[-1] == figure.STEPS


@pytest.mark.parametrize("kind", ["gaussian", "orthogonal", "symmetric"])
def test_a_large_input_bends_gradients_down_whatever_the_radius(kind):
    figure = maker("gradient_flow")

    def growth(radius, size):
        settings = {"kind": kind, "activation": "tanh", "radius": radius, "input": size}
        return figure.reference(settings)["growth"]

    for radius in (0.3, 0.6, 1, 1.5, 2, 2.5, 3):
        assert growth(radius, 3) < growth(radius, 0), radius


@pytest.mark.parametrize("kind", ["gaussian", "orthogonal", "symmetric"])
@pytest.mark.parametrize("radius", [0.5, 1, 2])
def test_without_an_activation_the_points_have_the_slope_of_the_radius(kind, radius):
    settings = {"kind": kind, "activation": "linear", "radius": radius, "input": 1}
    found = maker("gradient_flow").reference(settings)
    slope = (found["logs"][-1] - found["logs"][20]) / 30
    assert abs(slope - found["rate"]) < 0.02


def test_at_1_2_gradients_vanish_at_2_they_explode_and_a_large_input_makes_them_vanish_again():
    settings = {"kind": "gaussian", "activation": "tanh"}
    for radius, size, way in ((1.2, 0.5, -1), (2, 0.5, 1), (2, 3, -1)):
        found = maker("gradient_flow").reference(settings | {"radius": radius, "input": size})
        assert way * found["logs"][-1] > 1, (radius, size)


def test_the_mask_makes_every_word_end_as_alone():
    figure = maker("padded_batch")
    counts = [[t < len(word) for t in range(figure.T)] for word in figure.WORDS]
    for padding in ("zeros", "z", "NaN"):
        settings = {"masked": True, "padding": padding, "counts": counts}
        assert max(figure.reference(settings)["apart"]) < 1e-12
    apart = figure.reference({"masked": False, "padding": "zeros", "counts": counts})["apart"]
    assert [value > 0.1 for value in apart] == [len(word) < figure.T for word in figure.WORDS]


def test_the_energy_never_rises_and_the_small_memory_fails_little_by_little():
    figure = maker("hopfield")
    rng = np.random.default_rng(5)
    for _ in range(3):
        energies = figure.reference(figure.random_settings(rng))["energies"]
        assert np.diff(energies).max() < 1e-9
    kept = np.array(figure.data()["kept"])
    limit = round(0.138 * figure.N)
    assert kept[:15].min() > 0.99 and kept[limit] > 0.9 and kept[-1] < 0.6
    assert np.abs(np.diff(kept)).max() < 0.15


def test_the_damaged_ring_comes_back_up_to_18_patterns():
    figure = maker("hopfield")
    start = [1 if sign == "1" else -1 for sign in figure.data()["start"]]
    for count in (1, 2, 3, 10, 17, 18, 19):
        found = figure.reference({"count": count, "pixels": start, "update": 0})
        assert (found["agreements"][0] == 1) == (count <= 18), count


def test_above_1_a_pulse_turns_the_latch_over_for_good_and_below_1_it_fades():
    figure = maker("latch")
    for w in (1.2, 2, 3):
        found = figure.reference({"w": w, "start": 0.3, "pulse": -1})
        assert abs(found["states"][-1] + found["rest"]) < 1e-3 < found["rest"]
    for w in (0, 0.5, 0.9):
        found = figure.reference({"w": w, "start": 0.3, "pulse": -1})
        assert abs(found["states"][-1] - found["without"]) < 0.05 and found["rest"] == 0


@pytest.mark.parametrize(("w", "turns", "does_not"), [(2, -0.32, -0.31), (3, -0.5, -0.49)])
def test_a_larger_weight_takes_a_stronger_pulse(w, turns, does_not):
    ends = [
        maker("latch").reference({"w": w, "start": 0.3, "pulse": pulse})["states"][-1]
        for pulse in (turns, does_not)
    ]
    assert ends[0] < -0.9 and ends[1] > 0.9


def test_the_first_letters_of_words_cost_both_models_the_most():
    figure = maker("what_next")
    for text in figure.TRIES.values():
        found = figure.reference({"text": text})
        first = np.array([t > 0 and text[t - 1] == " " for t in range(len(text))])
        for model in ("gruBits", "countingBits"):
            bits = np.array(found[model])
            assert bits[first].mean() > bits[~first].mean() + 0.5


def test_counting_is_well_ahead_on_the_line_that_both_have_read_and_on_no_other():
    figure = maker("what_next")
    read, last = ("\n".join(part) for part in (figure.scenes()[:-3], figure.scenes()[-3:]))
    known, unknown, other = figure.TRIES.values()
    assert known in read and unknown in last and other not in read + last
    found = [figure.reference({"text": text}) for text in figure.TRIES.values()]
    lead = [np.mean(one["gruBits"]) - np.mean(one["countingBits"]) for one in found]
    assert lead[0] > 0.3 and max(np.abs(lead[1:])) < 0.15


def test_a_low_temperature_a_small_k_and_a_small_nucleus_make_a_text_cheap():
    figure = maker("let_it_write")

    def bits(text, **changes):
        settings = {
            "temperature": 1.0,
            "topK": 65,
            "topP": 1.0,
            "letter": 0,
            "text": text,
            **changes,
        }
        return np.mean([figure.reference(settings | {"dice": k})["bits"] for k in range(1, 6)])

    ways = {"temperature": (0.3, 1.0, 1.8), "topK": (2, 8, 65), "topP": (0.2, 0.8, 1.0)}
    for text in figure.TEXTS:
        for name, values in ways.items():
            costs = [bits(text, **{name: value}) for value in values]
            assert (np.diff(costs) > 0.2).all(), (text, name)


def test_every_character_that_a_poem_can_have_has_a_gloss():
    figure = maker("let_it_write")
    tokens = set(figure.vocabulary("quatrains").tokens) - set(figure.FORBIDDEN["quatrains"])
    assert tokens - set(figure.glosses()) <= set("，。？！；、：")
    assert set(figure.glosses()) <= tokens
    assert all(pinyin and 0 < len(english) <= 12 for pinyin, english in figure.glosses().values())


def test_a_small_weight_lets_what_comes_back_shrink_at_every_step():
    figure = maker("way_back")
    for w in (0.3, 0.6, -0.6):
        settings = {"w": w, "activation": "tanh", "losses": "last"}
        found = figure.reference(settings)
        assert (np.diff(np.abs(found["da"])) > 0).all()
        assert found["total"] == pytest.approx(sum(found["terms"]))


def test_with_relu_and_a_weight_of_2_what_comes_back_doubles():
    da = maker("way_back").reference({"w": 2, "activation": "relu", "losses": "last"})["da"]
    np.testing.assert_allclose(np.divide(da[:-1], da[1:]), 2)


def test_at_its_best_a_valley_is_equally_fast_in_both_directions_and_momentum_is_faster():
    figure = maker("valley")
    for kappa in (10, 40, 100):
        root = kappa**0.5
        plain = {"rate": 2 * kappa / (1 + kappa), "momentum": 0.0}
        fast = {"rate": 4 * kappa / (1 + root) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2}
        start = {"x": -4.0, "y": 1.0, "kappa": kappa}
        found = [figure.reference(start | way)["factors"] for way in (plain, fast)]
        for along, across in found:
            assert along == pytest.approx(across, abs=1e-4)
        assert found[1][0] < found[0][0] - 0.05
        assert kappa != 40 or np.round([found[0][0], found[1][0]], 2).tolist() == [0.95, 0.73]


def test_without_momentum_a_rate_of_2_swings_for_ever_and_a_larger_one_flies_out():
    start = {"x": -4.0, "y": 1.0, "kappa": 40, "momentum": 0.0}
    for rate in (1.98, 2.0, 2.02):
        found = maker("valley").reference(start | {"rate": rate})
        across = np.array(found["path"])[:, 1]
        assert np.sign(np.diff(np.abs(across)).round(12)).tolist() == [np.sign(rate - 2)] * 40
        assert (across[1:] * across[:-1] < 0).all()


def test_from_the_start_of_the_page_only_clipping_stays_on_the_map():
    figure = maker("cliff")
    for rule in ("none", "norm", "value"):
        settings = {"w": 1.1, "b": 0.14, "rule": rule, "limit": 1.0, "rate": 0.1}
        w, b = np.transpose(figure.reference(settings)["path"])
        stays = (w >= 0.75) & (w <= 1.25) & (b >= -0.15) & (b <= 0.2)
        assert stays.all() == (rule != "none")
        assert stays[-1] == (rule != "none")


@pytest.mark.parametrize("rule", ["norm", "value"])
def test_with_a_limit_of_2_the_path_leaves_the_map_and_comes_back(rule):
    settings = {"w": 1.1, "b": 0.14, "rule": rule, "limit": 2.0, "rate": 0.1}
    found = maker("cliff").reference(settings)
    w, b = np.transpose(found["path"])
    stays = (w >= 0.75) & (w <= 1.25) & (b >= -0.15) & (b <= 0.2)
    assert not stays.all() and stays[-1] and found["losses"][-1] < 0.001


def test_every_later_entry_builds_on_backpropagation_and_23_on_the_lstm():
    figure = maker("timeline")
    events = figure.events()
    names = [event["name"] for event in events]
    first = names.index("backpropagation")
    heirs = figure.reference({"entry": first})["heirs"]
    assert heirs == list(range(first + 1, len(events))) and len(events) == 40
    found = figure.reference({"entry": names.index("LSTM")})
    assert len(found["ancestors"]) == 3 and len(found["heirs"]) == 23


def test_as_it_begins_the_best_tags_alone_are_no_argument_and_the_best_sequence_is_one():
    figure = maker("viterbi")
    forbidden = [[False, False, True], [False] * 3, [False] * 3]
    settings = {"scores": figure.SCORES, "forbidden": forbidden, "step": figure.T}
    way = "".join(figure.TAGS[k] for k in figure.reference(settings)["way"])
    alone = "".join(figure.TAGS[k] for k in np.argmax(figure.SCORES, axis=1))
    assert "OI" in alone and "OI" not in way and way[0] != "I"
    settings["scores"] = [*figure.SCORES[:1], [0, 0, -0.4], *figure.SCORES[2:]]
    other = "".join(figure.TAGS[k] for k in figure.reference(settings)["way"])
    assert other[0] != way[0] and other[2:] == way[2:]


def test_the_scores_are_the_logarithms_of_the_weights_on_the_page():
    figure = maker("viterbi")
    weights = np.array([[3, 2, np.exp(-2)], [1, 1, 3], [5, 1, 1]])
    assert np.allclose(np.log(weights), figure.SCORES[:3], atol=0.05)
    assert np.allclose(np.log([[1, 1, 1], [1, 1, 2], [1, 1, 2]]), figure.AFTER, atol=0.05)


def test_the_two_grus_agree_where_their_reset_gates_are_equal():
    figure = maker("two_grus")
    state = {"h1": 0.8, "h2": 0.5, "z": 0.3}
    for r1, r2 in ((0.2, 0.2), (0.9, 0.9), (0.9, 0.1)):
        found = figure.reference(state | {"r1": r1, "r2": r2})
        apart = np.abs(np.subtract(found["after"]["h"], found["before"]["h"])).max()
        assert apart < 1e-12 if r1 == r2 else apart > 0.1


def test_in_the_disc_the_margin_shrinks_but_on_its_edge_the_right_turn_keeps_it():
    figure = maker("disc")
    ones = {"text": figure.STRINGS["Only ones"]}
    inside = figure.reference({"radius": 0.9, "angle": 180, "modulus": "2"} | ones)["margins"]
    assert (np.diff(inside[1:]) < 0).all() and inside[-1] < 0.1
    for angle, modulus in ((180, "2"), (120, "3")):
        found = figure.reference({"radius": 1, "angle": angle, "modulus": modulus} | ones)
        assert min(found["margins"]) > 1.7
    for angle in range(0, 360, 30):
        for modulus in "23":
            settings = {"radius": 0.9, "angle": angle, "modulus": modulus}
            assert figure.reference(settings | ones)["margins"][-1] < 0.08
    turn = figure.reference({"radius": 1, "angle": 120, "modulus": "2"} | ones)["margins"]
    assert turn[2] > 1.7 and turn[3] < 1e-9


def test_as_it_begins_fewer_than_one_in_ten_of_those_picked_are_right():
    figure = maker("base_rates")
    rates = [(1, 80, 10), (1, 100, 10), (10, 80, 10), (1, 80, 1)]
    names = ("sought", "found", "mistaken")
    first, all_found, *better = (
        figure.reference(dict(zip(names, rate, strict=True)))["right"] for rate in rates
    )
    assert first < all_found < 0.1
    assert min(better) > 0.4 and max(better) < 0.5


def test_the_waves_are_as_many_as_the_page_counts_and_all_end_with_the_states():
    figure = maker("waves")
    said = {"loop": (16, 15), "chunks": (11, 27), "tree": (4, 49)}
    for way, waves in figure.WAVES.items():
        found = figure.reference({"way": way, "wave": waves, "kept": 0.5})
        assert found["from"] == [0] * figure.T
        assert (waves, found["joins"]) == said[way]


def test_newton_is_quick_where_small_differences_die_out_but_not_from_the_wrong_side():
    figure = maker("all_at_once")

    def found(network, gain, guess):
        settings = {"network": network, "gain": gain, "guess": guess, "iteration": 0}
        numbers = figure.reference(settings)
        return numbers["needed"], f"{numbers['exponent']:.2f}"

    assert [found("eight", gain, "0") for gain in (2, 0.5)] == [(21, "0.14"), (3, "-0.75")]
    assert [found("one", 2, guess) for guess in ("0", "-1")] == [(5, "-1.53"), (24, "-1.53")]
    params = rnn.Params(np.eye(1), np.full((1, 1), 2.0), np.zeros(1))
    x, sides = figure.networks()["one"]["x"], np.array([[0.0], [1], [-1]])
    (truth, upper, lower), *_ = rnn.forward(params, np.tile(x, (3, 1, 1)), sides)
    assert upper.min() > 0.8 and lower.max() < -0.8
    assert np.abs(upper - truth)[-1] < 1e-10


def test_newton_has_a_state_more_after_each_iteration_and_all_before_the_map_ends():
    figure = maker("all_at_once")
    networks, gains, guesses = ("one", "eight"), np.arange(2, 21) / 10, ("-1", "0", "1")
    for network, gain, guess in itertools.product(networks, gains, guesses):
        settings = {"network": network, "gain": gain, "guess": guess, "iteration": 0}
        found = figure.reference(settings)
        assert found["errors"][0] != found["errors"][1] and 0 < found["needed"] < figure.ITERATIONS
        assert all(max(row[:k], default=0) < 1e-10 for k, row in enumerate(found["errors"]))


def test_the_forecast_of_the_tutorial_fits_best_when_it_is_moved_by_one_day():
    figure = maker("one_day_late")
    errors = figure.reference({"shift": 0, "first": 300})["errors"]
    cents = dict(zip(figure.SHIFTS, np.rint(100 * np.array(errors)).astype(int), strict=True))
    assert min(cents, key=cents.get) == 1
    assert (cents[1], cents[0]) == (3, 23)


def test_the_most_likely_garch_forgets_slowly_and_its_band_holds_nine_of_ten_days():
    figure = maker("garch")
    fitted = figure.fitted()
    found = figure.reference(fitted)
    assert fitted["alpha"] + fitted["beta"] > 0.95
    assert 0.07 < found["outside"] < 0.13
    assert round(np.log(0.5) / np.log(fitted["alpha"] + fitted["beta"])) == 33
    flat = {"omega": round(25 * np.mean(figure.returns() ** 2)) / 100, "alpha": 0.0, "beta": 0.75}
    assert figure.reference(flat)["cost"] > found["cost"] + 0.1
    dates = load_stocks().loc["IBM"].loc["2007":"2010"].index
    crisis = (dates >= "2008-09-01") & (dates < "2009-05-01")
    for numbers, days, there in ((flat, 102, 63), (fitted, 88, 20)):
        outside = np.abs(figure.returns()) > 1.645 * np.sqrt(figure.reference(numbers)["v"])
        assert (outside.sum(), outside[crisis].sum()) == (days, there)


def test_the_band_of_the_gru_holds_but_for_a_day_ahead_and_is_the_narrowest():
    figure = maker("sure_band")

    def year(ahead):
        at = {"day": figure.DAYS - figure.SPAN, "ahead": ahead}
        found = {model: figure.reference(at | {"model": model}) for model in figure.MODELS}
        return {m: (f"{one['shares'][-1]:.0%}", f"{one['width']:.1f}") for m, one in found.items()}

    wanted = {"gru": ("90%", "6.6"), "errors": ("91%", "7.1"), "season": ("85%", "10.8")}
    assert year("6") == wanted
    tomorrow = year("24")
    assert tomorrow["gru"][0] == "88%"
    assert min(tomorrow, key=lambda model: float(tomorrow[model][1])) == "gru"
    may = figure.reference({"day": 143, "ahead": "6", "model": "gru"})["shown"]
    assert (len(may), sum(not row["held"] for row in may)) == (40, 13)


def test_a_band_stands_at_the_hours_that_it_is_for():
    figure = maker("sure_band")
    temperature = load_beijing_weather().TEMP.loc["2014"].to_numpy()
    for ahead, model in itertools.product(figure.AHEAD, figure.MODELS):
        found = figure.reference({"day": 30, "ahead": str(ahead), "model": model})["shown"]
        assert len(found) == figure.SPAN * 8
        assert all(row["came"] == temperature[row["hour"]] for row in found)
        assert all(30 <= row["hour"] / 24 < 30 + figure.SPAN for row in found)


def test_the_reader_of_digits_has_mostly_made_up_its_mind_before_the_last_rows():
    figure = maker("read_my_digit")
    labels = load_mnist().test_labels
    guesses = figure.probabilities(figure.test_images()).argmax(axis=-1)
    right = (guesses == labels[:, None]).mean(axis=0)
    assert right[-1] > 0.9 and right[9] > 0.9 * right[-1] and right[1] < 0.3
    four = figure.test_images()[np.argmax(labels == 4)]
    assert figure.probabilities(four)[0].argmax(axis=-1)[3:].tolist() == [1] + 10 * [4]
    ink = four.reshape(figure.SIDE, figure.SIDE) > 0
    strokes = [int((np.diff(row.astype(int), prepend=0) > 0).sum()) for row in ink[:5]]
    assert strokes == [0, 0, 0, 1, 2]
    assert figure.probabilities(-np.ones_like(four))[0, -1].argmax() == 1


def test_every_shown_digit_costs_the_network_less_and_most_still_less_when_it_is_told():
    figure = maker("pixel_by_pixel")
    found = [
        [figure.reference({"image": k, "pixel": 0, "told": told}) for told in ("no", "yes")]
        for k in range(10)
    ]
    bits = np.array([[sum(one["bits"]) for one in pair] for pair in found])
    usual = np.array([sum(pair[0]["usualBits"]) for pair in found])
    assert (bits < usual[:, None]).all()
    assert (bits[:, 1] < bits[:, 0]).sum() > 5
    four = figure.reference({"image": 4, "pixel": 6, "told": "no"})
    network, counting = (np.array(four[name])[:7] for name in ("bits", "usualBits"))
    assert network[6] > 1.5 * counting[6] and network[:6].sum() < counting[:6].sum()
    assert network.sum() > counting.sum()


def test_three_seeds_put_the_rates_in_another_order_half_of_the_time_and_18_one_in_six():
    figure = maker("draw_again")
    found = figure.reference({"seeds": 3, "draws": 4000})
    others = np.array(found["others"]) / 4000
    assert abs(others[2] - 1 / 2) < 0.03 and abs(others[17] - 1 / 6) < 0.03
    assert (np.diff(others) < 0).all()


def test_the_small_network_errs_on_one_date_in_ten_and_a_beam_repairs_one_and_spoils_another():
    figure = maker("where_it_looks")
    rng, dates = np.random.default_rng(1), figure.vocabulary("dates")

    def found(settings):
        tokens, p = figure.reference({"step": 0, "typed": ""} | settings)["found"][0]
        return "".join(dates.decode(tokens)), p

    drawn = [figure.random_settings(rng) | {"typed": "", "width": 1} for _ in range(400)]
    right = np.mean([found(one)[0] == figure.day_of(one).isoformat() for one in drawn])
    assert 0.85 < right < 0.95
    december = {"day": figure.day_number("2091-12-18"), "language": "fr", "form": "medium"}
    assert found(december | {"width": 1})[0] == "2091-02-18"
    assert found(december | {"width": 2})[0] == "2091-12-18"
    narrow, wide = (found({"typed": "17 Ekim 1907", "width": width}) for width in (1, 2))
    assert narrow[0] == "1907-10-17" != wide[0] and wide[1] > narrow[1]


PAIRS = {"writes": 6, "rows": 64, "strength": 1.0, "decay": 1.0}  # as the figure begins


def test_adding_reads_the_sum_of_two_cities_and_correcting_the_last_one_exactly():
    figure = maker("write_pairs")
    at = {city: np.array(place) for city, place in figure.places().items()}
    found = figure.reference(PAIRS)
    assert np.linalg.norm(found["adding"]["reads"][0] - at["Rome"] - at["Bern"]) < 0.25
    assert np.linalg.norm(found["adding"]["reads"][0] - at["Bern"]) > 0.9
    for rows, decay in itertools.product(figure.ROWS, (0.8, 0.9, 1.0)):
        found = figure.reference(PAIRS | {"rows": rows, "decay": decay})
        assert np.abs(found["correcting"]["reads"][0] - at["Bern"]).max() < 1e-12


def test_after_nine_writes_adding_is_behind_an_empty_memory_and_correcting_far_ahead():
    figure = maker("write_pairs")
    empty = 1000 * np.linalg.norm(figure.true_places(9), axis=1).mean()
    adding, correcting = (figure.reference(PAIRS)[way]["errors"][8] for way in figure.WAYS)
    assert correcting < empty / 4 < empty < adding


def test_with_two_rows_correcting_is_no_better_than_adding_while_nobody_has_moved():
    figure = maker("write_pairs")
    found = [figure.reference(PAIRS | {"rows": rows}) for rows in figure.ROWS]
    errors = np.array([[one[way]["errors"][4] for way in figure.WAYS] for one in found])
    assert errors[0, 1] >= errors[0, 0]
    assert errors[0].min() > 3 * errors[-2].max()  # 2 rows and 64


def test_a_decay_lets_adding_forget_and_draws_who_never_moves_to_the_cross():
    figure = maker("write_pairs")
    found = figure.reference(PAIRS | {"decay": 0.8, "writes": 9})
    assert found["adding"]["errors"][8] < figure.reference(PAIRS)["adding"]["errors"][8] / 2
    assert "Emil" not in [name for name, _ in figure.STORY[5:]]
    for way in figure.WAYS:
        share = np.linalg.norm(found[way]["reads"][4]) / np.linalg.norm(figure.places()["Dublin"])
        assert 0.4 < share < 0.65


def test_two_mirrors_count_modulo_3_or_4_and_weak_ones_do_not_turn():
    figure = maker("mirrors")

    def turned(angle, b, rounds):
        return np.array(
            figure.reference({"angle": angle, "b": b, "rounds": rounds})["memories"][-1]
        )

    for angle, back in ((60, 3), (45, 4)):
        away = [np.abs(turned(angle, 2, n) - figure.corners()).max() for n in range(back + 1)]
        assert away[0] < 1e-12 and away[-1] < 1e-12 and min(away[1:-1]) > 0.1
    end = turned(60, 1.9, 12)
    assert f"{area(end) / area(figure.corners()):.0%}" == "8%"
    assert (np.hypot(*end) < 0.3 * np.hypot(*figure.corners())).all()
    for angle, least in ((60, "1.07"), (20, "1.49")):
        bound = 2 / (1 + np.sin(np.deg2rad(angle)))
        assert f"{bound:.2f}" == least
        for b in np.linspace(0, 2, 101):
            found = figure.reference({"angle": angle, "b": b, "rounds": 0})["eigenvalues"]
            assert (abs(found[0][1]) > 1e-6) == (b > bound), (angle, b)


def area(corners):
    x, y = corners
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_weak_swaps_lose_the_ball_and_read_as_swaps_that_may_fail():
    figure = maker("cups")

    def played(b, game, swaps=0):
        return figure.reference({"b": b, "game": game, "swaps": swaps})

    first = played(1.9, 0)
    assert 0 < first["leads"][100] < 0.1 and first["wrong"] == 347
    wrong = {b: [played(b, game)["wrong"] for game in range(figure.GAMES)] for b in (1.8, 2)}
    assert max(wrong[1.8]) == 130 and wrong[2] == [None] * 8
    expected, swaps, b = np.zeros((5, 5)), 8, 1.9
    for made in itertools.product((False, True), repeat=swaps):
        S = np.eye(5)
        for move, happens in zip(figure.games()[3], made, strict=False):
            if happens:
                S[[move, move + 1]] = S[[move + 1, move]]
        expected += np.prod(np.where(made, b / 2, 1 - b / 2)) * S
    np.testing.assert_allclose(played(b, 3, swaps)["memory"], expected, atol=1e-12)
