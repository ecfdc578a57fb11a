#!/usr/bin/env python3
"""Does `raysim store` keep objects from command to command, and say what they cost?"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

RAYSIM = sys.argv.pop(1)
PLATFORM = str(pathlib.Path("platforms/three_by_twenty.yaml").resolve())


class Store(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = str(pathlib.Path(self.folder.name) / "lab.json")

    def tearDown(self):
        self.folder.cleanup()

    def raysim(self, command, *arguments):
        return subprocess.run([RAYSIM, "store", command, self.file, *arguments], capture_output=True, text=True, check=False)

    def figures(self, command, *arguments):
        done = self.raysim(command, *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def init(self, *arguments):
        done = self.raysim("init", "--cluster", PLATFORM, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_cost_of_a_chain_and_of_a_read(self):
        self.init("--replicas", "3", "--piece-size", "10 MB")
        made = self.figures("create", "a", "--size", "100 MB")
        # From the head to the first of two other nodes and on: every link carries at most 100 MB of 1.25 GB/s.
        self.assertEqual(made["moved_bytes"], 200_000_000)
        self.assertAlmostEqual(made["time_s"], 0.08, delta=0.081)
        self.assertEqual(self.figures("read", "a", "--node", "alice")["moved_bytes"], 0)
        self.assertEqual(self.figures("list")["objects"]["a"], {"size": 100_000_000, "pieces": 10, "missing": 0, "readable": True})

    def test_loss_and_repair(self):
        self.init("--replicas", "2", "--piece-size", "10 MB")
        self.figures("create", "a", "--size", "60 MB")
        self.figures("fail", "alice")
        missing = self.figures("list")["objects"]["a"]["missing"]
        self.assertGreater(missing, 0)
        repaired = self.figures("repair")
        self.assertEqual((repaired["pieces"], repaired["moved_bytes"]), (missing, missing * 10_000_000))
        self.assertEqual(self.figures("list")["objects"]["a"]["missing"], 0)
        self.figures("join", "alice")
        self.figures("delete", "a")
        self.assertEqual(self.figures("list")["objects"], {})

    def test_erasure_coding_costs_less_space_than_copies(self):
        self.init("--erasure", "2+1", "--piece-size", "10 MB")
        self.figures("create", "a", "--size", "100 MB")
        self.assertEqual(sum(node["used_bytes"] for node in self.figures("list")["nodes"].values()), 150_000_000)
        self.figures("fail", "alice2")
        self.assertEqual(self.figures("read", "a")["rebuilt_pieces"] > 0, True)
        self.assertIn("nowhere", self.raysim("stat", "a").stdout)

    def test_a_scenario_takes_as_long_as_the_shell(self):
        for rule, settings in (("--replicas", "2"), ("--erasure", "2+1")):
            with self.subTest(rule):
                self.file = str(pathlib.Path(self.folder.name) / (rule + ".json"))
                self.init(rule, settings, "--piece-size", "10 MB")
                shell = [self.figures("create", "a", "--size", "100 MB"), self.figures("write", "a", "--size", "5 MB"),
                         self.figures("fail", "alice2"), self.figures("read", "a")]
                scenario = pathlib.Path(self.folder.name) / "lab.yaml"
                scenario.write_text(f"""raysim: 1
cluster: {PLATFORM}
distributed_store: {{{rule[2:]}: {settings}, piece_size: 10 MB}}
driver:
  - store_create: {{object: a, size: 100 MB}}
  - store_write: {{object: a, size: 5 MB}}
  - store_fail: alice2
  - store_read: a
""")
                done = subprocess.run([RAYSIM, "run", scenario, "--json"], capture_output=True, text=True, check=True)
                run = json.loads(done.stdout)["distributed_store"]["commands"]
                for told, simulated in zip(shell, run, strict=True):
                    for figure in ("moved_bytes", "connections", "pieces", "rebuilt_pieces"):
                        self.assertEqual(told[figure], simulated[figure], told["command"])
                    # A scenario has receivers that wake up at the end of each phase.
                    self.assertGreaterEqual(simulated["time_s"], told["time_s"] - 1e-9, told["command"])
                    self.assertLess(simulated["time_s"], told["time_s"] + 300e-6, told["command"])

    def test_what_a_scenario_does_wrong_names_its_place(self):
        done = subprocess.run([RAYSIM, "run", "tests/language/stores.yaml"], capture_output=True, text=True, check=True)
        for message in ("stores.yaml:42:11: no object is called 'aa', expected one of a, b, c in step `store_read` of the driver",
                        "stores.yaml:45:11: there is an object called 'a' already in step `store_create` of the driver",
                        "the client's node is lost in step `store_create`",
                        "node 'head' was lost while pieces were on their way in step `store_read` of task `try_to_read`",
                        "too many pieces of 'b' are lost in step `store_read`"):
            self.assertIn(message, done.stdout)

    def test_errors_change_nothing(self):
        self.init()
        before = pathlib.Path(self.file).read_text()
        for arguments, message in [
            (("read", "nope"), "no object is called 'nope'"),
            (("create", "a", "--size", "5"), "no unit"),
            (("create", "a", "--size", "1 TB"), "have room for a piece"),
            (("fail", "alise"), "did you mean 'alice'?"),
            (("init", "--cluster", PLATFORM), "exists already"),
        ]:
            done = self.raysim(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(message, done.stderr)
            self.assertEqual(pathlib.Path(self.file).read_text(), before)


if __name__ == "__main__":
    unittest.main()
