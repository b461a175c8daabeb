//! A terminal for programs that look whether they have one.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread::JoinHandle;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of a number of columns, of which everything that is written to it is read.
pub(crate) struct Terminal {
    program: OwnedFd,
    screen: JoinHandle<String>,
}

impl Terminal {
    pub(crate) fn open(columns: u16) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
        let program = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&program, size).unwrap();
        let screen = std::thread::spawn(move || {
            let mut screen = File::from(screen);
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            // Linux answers with an error when nobody has the terminal open any more.
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                text.extend_from_slice(&buffer[..read]);
            }
            String::from_utf8(text).unwrap()
        });
        Self {
            program: program.into(),
            screen,
        }
    }

    /// The end of it that a program writes to.
    pub(crate) fn output(&self) -> Stdio {
        self.program.try_clone().unwrap().into()
    }

    /// Everything that was written to it, once all programs have ended.
    pub(crate) fn shown(self) -> String {
        drop(self.program);
        self.screen.join().unwrap().replace("\r\n", "\n")
    }
}
