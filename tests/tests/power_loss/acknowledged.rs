//! The power goes right after something was said to be done.
use crate::deed::{Deed, helpers, logins, roots};
use crate::scene::Scene;
use countersign_tests::world::Reached;

/// Does each deed on a disk of its own and cuts the power at once: every byte of what stood then must stand.
fn survive(deeds: Vec<Deed>) {
    let scene = Scene::new();
    let world = &scene.factor.world;
    for deed in deeds {
        let at = format!("{} of {}", deed.what, deed.target);
        let disk = world.copy_of(&scene.disk);
        let running = world.start_on(&disk);
        (deed.prepare)(&scene);
        let before = scene.files();
        let done = (deed.run)(&scene, &[]);
        let left = running.cut(Reached::Nothing);
        assert!(done.acknowledged, "{at}: {}", done.text);
        let (files, list) = (scene.files(), scene.list(&at));
        assert!(files != before, "{at}: changes nothing");
        drop(running);
        let running = world.start_on(&left);
        assert_eq!(scene.list(&at), list, "{at}: what the power cut left, and what was acknowledged");
        assert!(scene.files() == files, "{at}: not every byte was durable");
        scene.assert_used_up(&at, &done.used);
        scene.assert_all_get_in(&at, &done);
        drop(running);
        world.throw_away(&disk);
        world.throw_away(&left);
    }
}

#[test]
fn what_a_login_was_told_survives_a_power_cut_right_after_it() {
    survive(logins());
}

#[test]
fn what_roots_command_said_to_be_done_survives_a_power_cut_right_after_it() {
    survive(roots());
}

#[test]
fn what_the_helper_said_to_be_done_survives_a_power_cut_right_after_it() {
    survive(helpers());
}
